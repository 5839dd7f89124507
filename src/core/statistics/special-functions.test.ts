// Special functions against SciPy 1.17.1, printed tables and closed forms.
import { describe, expect, it } from "vitest";
import { incompleteBeta, logGamma, normalQuantile, studentQuantile } from "./special-functions.js";

describe("special functions", () => {
  it("log gamma agrees with factorials and with SciPy", () => {
    expect(logGamma(1)).toBeCloseTo(0, 14);
    expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 13);
    expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 14);
    expect(logGamma(0.1)).toBeCloseTo(2.252712651734206, 13);
    expect(logGamma(123.4)).toBeCloseTo(469.3360974421906, 11);
  });

  it.each([
    [0.3, 2.5, 0.5, 0.018927124071945658],
    [0.41, 40, 60, 0.5857757938009618],
    [0.25, 0.5, 0.5, 1 / 3],
    [0, 2, 3, 0],
    [1, 2, 3, 1],
  ])("the incomplete beta function at %f (%f, %f)", (x, a, b, expected) => {
    expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 13);
  });

  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 3, 3.1824463052837078],
    [0.975, 4, 2.7764451051977934],
    [0.975, 9, 2.262157162798205],
    [0.975, 29, 2.045229642132703],
    [0.975, 999, 1.9623414611334493],
    [0.995, 4, 4.604094871349992],
    [0.9995, 7, 5.407882520861828],
    [0.95, 10, 1.8124611228116756],
    [0.8, 2.5, 1.0101638747222512],
  ])("the t quantile at %f with %f degrees of freedom", (probability, degrees, expected) => {
    expect(Math.abs(studentQuantile(probability, degrees) - expected)).toBeLessThan(1e-10);
    expect(studentQuantile(1 - probability, degrees)).toBeCloseTo(-expected, 10);
  });

  it("the t quantile has its closed forms for one and two degrees of freedom", () => {
    for (const p of [0.5, 0.6, 0.9, 0.999, 0.99999]) {
      expect(studentQuantile(p, 1) / Math.tan(Math.PI * (p - 0.5)) || 1).toBeCloseTo(1, 9);
      const two = (2 * p - 1) * Math.sqrt(2 / (4 * p * (1 - p)));
      expect(Math.abs(studentQuantile(p, 2) - two)).toBeLessThan(1e-9 * (1 + two));
    }
  });

  it.each([
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.9, 1.2815515655446004],
    [0.999999, 4.753424308817087],
    [0.5, 0],
    [0.025, -1.959963984540054],
  ])("the normal quantile at %f", (probability, expected) => {
    expect(normalQuantile(probability)).toBeCloseTo(expected, 9);
  });
});
