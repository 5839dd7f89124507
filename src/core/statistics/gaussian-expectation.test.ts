// Expectations over a normal number against closed forms.
import { expect, test } from "vitest";
import { gaussianExpectation } from "./gaussian-expectation.js";

test.each<[string, (z: number) => number, number]>([
  ["the fourth moment is 3", (z) => z ** 4, 3],
  ["the tenth moment is 945", (z) => z ** 10, 945],
  ["a kink at 0: |z|", Math.abs, Math.sqrt(2 / Math.PI)],
  ["a jump at 0: one half", (z) => (z > 0 ? 1 : 0), 0.5],
  ["cos 3z", (z) => Math.cos(3 * z), Math.exp(-4.5)],
  [
    "a narrow peak: exp(-z^2 / 2 s^2) with s = 1e-3",
    (z) => Math.exp(-0.5 * (z / 1e-3) ** 2),
    1e-3 / Math.hypot(1, 1e-3),
  ],
])("%s", (_, f, exact) => {
  expect(Math.abs(gaussianExpectation(f) - exact)).toBeLessThan(1e-9 * Math.max(1, exact));
});
