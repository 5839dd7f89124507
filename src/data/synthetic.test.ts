// Synthetic sets: deepreplay's numbers, distributions of the drawn sets, and options.
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../core/errors.js";
import { toNumbers } from "../core/numbers/tensor-data.js";
import type { DataSource } from "./source.js";
import { isSyntheticName, syntheticDataset, syntheticFromSource, syntheticTable } from "./synthetic.js";

const rate = (name: string) => {
  const labels = toNumbers(syntheticDataset(name).train.targets);
  return labels.reduce((sum, label) => sum + label, 0) / labels.length;
};

describe("synthetic data sets", () => {
  it("are reproducible, change with the seed, and fit both kinds of losses", () => {
    for (const kind of Object.keys(syntheticTable)) {
      const data = syntheticDataset(kind);
      expect([kind, data.id, data.scaling]).toEqual([kind, kind, "raw"]);
      expect(syntheticDataset(kind).fingerprint).toBe(data.fingerprint);
      const rows = data.train.inputs.shape[0];
      const asValues = syntheticDataset(kind, "value").train.targets;
      expect([asValues.dtype, asValues.shape]).toEqual(["float32", [rows, 1]]);
      if (data.classes !== undefined)
        expect([data.train.targets.dtype, data.train.targets.shape]).toEqual(["int32", [rows]]);
    }
    for (const kind of ["ball", "xor", "step-sine"]) {
      expect(syntheticDataset(`${kind}:seed=1`).fingerprint).not.toBe(syntheticDataset(kind).fingerprint);
    }
  });

  it("have the parabola of deepreplay, in NumPy's order for seed 13", () => {
    const { train, test } = syntheticDataset("parabola");
    // x1 = numpy.linspace(-1, 1, 1000); the rows as float32, permuted by numpy.random.permutation(range(2000)).
    expect(toNumbers(train.inputs).slice(0, 6)).toEqual([
      0.3633633553981781, 0.13203293085098267, 0.2032032012939453, -0.4587084650993347, 0.6396396160125732,
      0.40913885831832886,
    ]);
    expect(toNumbers(train.inputs).slice(-2)).toEqual([-0.32332332332332336, 0.1045379714048383].map(Math.fround));
    expect(toNumbers(train.targets).slice(0, 12)).toEqual([0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1]);
    expect([train.inputs.shape, test]).toEqual([[2000, 2], undefined]);
  });

  it("have a ball of unit deviation with 0.6065 of class 1, and every vertex of the cube once", () => {
    const { inputs } = syntheticDataset("ball:points=40000").train;
    const values = toNumbers(inputs);
    expect(Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length)).toBeCloseTo(1, 3);
    // One standard error is 0.0024.
    expect(Math.abs(rate("ball:points=40000") - 0.6065)).toBeLessThan(0.008);
    const longest = Math.max(
      ...Array.from({ length: 40_000 }, (_, row) => Math.hypot(...values.slice(row * 10, row * 10 + 10))),
    );
    expect(longest).toBeLessThan(3.48);
    expect(longest).toBeGreaterThan(3.44);
    const cube = toNumbers(syntheticDataset("hypercube:dimensions=4").train.inputs);
    expect(new Set(Array.from({ length: 16 }, (_, row) => cube.slice(4 * row, 4 * row + 4).join())).size).toBe(16);
    // 6 + 4 + 1 of 16 vertices have two or more.
    expect(rate("hypercube:dimensions=4")).toBe(11 / 16);
  });

  it("have functions on [-sqrt 7, sqrt 7] with separate test points", () => {
    const { train, test } = syntheticDataset("x-sin-5x:points=500,testPoints=50");
    expect([train.inputs.shape, test?.inputs.shape]).toEqual([
      [500, 1],
      [50, 1],
    ]);
    const x = toNumbers(train.inputs);
    expect(Math.max(...x.map(Math.abs))).toBeLessThan(Math.sqrt(7));
    expect(toNumbers(train.targets)).toEqual(x.map((value) => Math.fround(value * Math.sin(5 * value))));
    expect(x.includes(toNumbers(test!.inputs)[0])).toBe(false);
    expect(syntheticDataset("x-sin-5x:points=500,testPoints=0").test).toBeUndefined();
    const [flat, noisy] = ["absolute-value", "absolute-value:noise=0.5"].map((name) => syntheticDataset(name).train);
    const errors = toNumbers(noisy.targets).map((value, i) => value - toNumbers(flat.targets)[i]);
    expect(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length)).toBeCloseTo(0.5, 1);
  });

  it("have classes in the plane that their shapes separate", () => {
    const xor = syntheticDataset("xor:noise=0").train;
    const places = toNumbers(xor.inputs);
    for (const [i, label] of toNumbers(xor.targets).entries()) {
      expect(places[2 * i] * places[2 * i + 1] > 0).toBe(label === 0);
    }
    const moons = toNumbers(syntheticDataset("two-moons:noise=0").train.inputs);
    for (let i = 0; i < moons.length; i += 4) expect(Math.hypot(moons[i], moons[i + 1])).toBeCloseTo(1, 6);
    expect(rate("spirals")).toBe(0.5);
  });

  it("have a source that draws the same examples again, for any spelling of the options", () => {
    const data = syntheticDataset("ball:points=50,shuffle-seed=3", "value");
    expect(data.id).toBe("ball:points=50,shuffleSeed=3");
    expect(data.source).toEqual({
      ...{ kind: "synthetic", name: "ball", targets: "value", fingerprint: data.fingerprint },
      options: { points: 50, dimensions: 10, seed: 0, shuffleSeed: 3 },
    });
    const again = syntheticFromSource(data.source as Extract<DataSource, { kind: "synthetic" }>);
    expect([again.train, again.source]).toEqual([data.train, data.source]);
    expect(syntheticDataset("ball:points=50,shuffleSeed=3,seed=0", "value").source).toEqual(data.source);
  });

  it("are distinguished from files and published sets, and refuse unknown options", () => {
    expect(["ball", "ball:points=3", "mnist", "ball.npz", "toString"].map(isSyntheticName)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    const messageOf = (name: string) => {
      try {
        syntheticDataset(name);
      } catch (error) {
        if (error instanceof TrainscopeError) return error.message;
        throw error;
      }
      return "no error";
    };
    expect(
      [
        "ball:pionts=3",
        "ball:points",
        "ball:points=x",
        "ball:points=0x10",
        "ball:points=0",
        "spirals:noise=-1",
        "xor:points=1e9",
      ].map(messageOf),
    ).toMatchInlineSnapshot(`
      [
        "--data "ball:pionts=3": unknown option "pionts". Did you mean "points"? Valid: points, dimensions, seed, shuffleSeed",
        "--data "ball:points": an option cannot be read: expected name=value, with commas between several, received "points"",
        "--data (ball).points: expected a number, received "x"",
        "--data (ball).points: expected a number, received "0x10"",
        "--data (ball).points: expected a number at least 1, received 0",
        "--data (spirals).noise: expected a number at least 0, received -1",
        "--data (xor).points: expected a number at most 10000000, received 1000000000",
      ]
    `);
  });
});
