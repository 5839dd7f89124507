// Initializers against PyTorch: gains, fans of every kind of weight, identity matrices and filters, and born-dead networks.
import { describe, expect, test } from "vitest";
import fixture from "../../../tools/oracle/fixtures/initializers.json" with { type: "json" };
import { initialValues, parameterSampler } from "../initializers.js";
import { type ConvolutionForm, convolutionFans, embeddingFans, type Fans, transposedConvolutionFans } from "./fans.js";
import { calculateGain, type GainName } from "./gain.js";

test.each(fixture.gains)("the gain of $name with slope $slope equals PyTorch's", ({ name, slope, gain }) => {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as GainName;
  expect(calculateGain(camel, slope ?? undefined)).toBeCloseTo(gain, 14);
});

describe.each(fixture.fans)("fans of $kind $form", ({ kind, form, shape, fanIn, fanOut }) => {
  const size = form as { count: number; features: number };
  const convolution = form as unknown as ConvolutionForm;
  const fansOf: Readonly<Record<string, () => Fans>> = {
    convolution: () => convolutionFans(convolution),
    transposedConvolution: () => transposedConvolutionFans(convolution),
    embedding: () => embeddingFans(size.count, size.features),
  };
  test("equal PyTorch's, except that fanOut counts one group", () => {
    const groups = convolution.groups ?? 1;
    expect(fansOf[kind]()).toEqual({ fanIn, fanOut: fanOut / groups });
    // So the defaults of linear and convolution layers have the same bound, including biases.
    const values = initialValues("0.weight", "torchDefault", shape, fansOf[kind](), 3);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(fanIn)));
  });
});

test.each(fixture.units)("identity of shape $shape in $groups groups equals PyTorch's", ({ shape, groups, data }) => {
  const values = initialValues("0.weight", { kind: "identity", groups }, shape, { fanIn: 1, fanOut: 1 }, 0);
  expect([...values]).toEqual(data);
});

describe("randomizedAsymmetric", () => {
  test("has one entry from Beta(2, 1) in every row of weights and bias", () => {
    const fans = { fanIn: 3, fanOut: 4000 };
    const weights = initialValues("0.weight", "randomizedAsymmetric", [4000, 3], fans, 5);
    const bias = initialValues("0.bias", "randomizedAsymmetric", [4000], fans, 5);
    // With fans of a million, the normal entries are so small that the replaced entry is unmistakable.
    const wide = { fanIn: 1e6, fanOut: 40 };
    const wideBias = initialValues("0.bias", "randomizedAsymmetric", [40_000], wide, 5);
    expect([...wideBias].filter((x) => x > 0.1).length).toBeLessThan(5);
    const shares = [0, 1, 2].map((column) => {
      const entries = [...weights].filter((_, index) => index % 3 === column);
      return entries.reduce((sum, x) => sum + x, 0) / 4000;
    });
    shares.push(bias.reduce((sum, x) => sum + x, 0) / 4000);
    // A quarter of each column has mean 2/3. Standard error sqrt((1/2 + 3 * 0.12) / 4 / 4000) = 0.0073.
    for (const share of shares) expect(Math.abs(share - 1 / 6)).toBeLessThan(0.03);
    // Rows: the largest entry is at least the replaced one, which is below x in x^2 of them.
    const largest = Array.from({ length: 4000 }, (_, row) =>
      Math.max(...weights.slice(3 * row, 3 * row + 3), bias[row]),
    );
    expect(Math.min(...largest)).toBeGreaterThan(0);
  });

  /** Whether a network of `hidden` layers of two units is dead: a layer is 0 for every input. */
  function isBornDead(samplers: ReturnType<typeof layerSamplers>, seed: number, inputs: readonly number[]): boolean {
    let values = inputs.map((x) => [x]);
    for (const { weight, bias } of samplers) {
      const [w, b] = [weight(seed), bias(seed)];
      const width = values[0].length;
      values = values.map((x) =>
        [0, 1].map((unit) =>
          Math.max(
            0,
            x.reduce((sum, value, i) => sum + value * w[unit * width + i], b[unit]),
          ),
        ),
      );
      if (values.every((x) => x[0] === 0 && x[1] === 0)) return true;
    }
    return false;
  }

  const layerSamplers = (hidden: number, weights: string, biases: string) =>
    Array.from({ length: hidden }, (_, layer) => {
      const fans = { fanIn: layer === 0 ? 1 : 2, fanOut: 2 };
      return {
        weight: parameterSampler(`${layer}.weight`, weights, [2, fans.fanIn], fans),
        bias: parameterSampler(`${layer}.bias`, biases, [2], fans),
      };
    });

  const deadShare = (hidden: number, weights: string, biases: string, points: number, networks = 3000): number => {
    const samplers = layerSamplers(hidden, weights, biases);
    const grid = Array.from({ length: points }, (_, i) => Math.sqrt(7) * ((2 * i) / (points - 1) - 1));
    const seeds = Array.from({ length: networks }, (_, seed) => seed);
    return seeds.filter((seed) => isBornDead(samplers, seed, grid)).length / networks;
  };

  test.each([3, 10])("leaves the same fraction of networks of %i layers of two units dead as in NumPy", (hidden) => {
    const share = fixture.bornDead.byHiddenLayers[`${hidden}` as "3" | "10"];
    const found = deadShare(hidden, "randomizedAsymmetric", "randomizedAsymmetric", 101);
    const variance = share * (1 - share) * (1 / 3000 + 1 / fixture.bornDead.networks);
    expect(Math.abs(found - share)).toBeLessThan(4 * Math.sqrt(variance));
  });

  test("saves most networks, since nine in ten are dead with He's normal weights and no biases", () => {
    // Without biases, one input of each sign decides. 4 million networks gave 0.9101 with ten layers, 0.3401 with three.
    for (const [hidden, share] of [
      [10, 0.9101],
      [3, 0.3401],
    ]) {
      const found = deadShare(hidden, "heNormal", "zeros", 2);
      expect(Math.abs(found - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / 3000));
    }
  });
});

describe("orthogonal", () => {
  const matrix = (shape: readonly number[], option: object = {}, seed = 1): Float64Array =>
    Float64Array.from(
      initialValues("0.weight", { kind: "orthogonal", ...option }, shape, { fanIn: 1, fanOut: 1 }, seed),
    );

  test.each([
    [[5, 5], 1],
    [[30, 7], 1],
    [[7, 30], 1],
    [[8, 3, 3, 3], 2],
    [[40, 2, 3], 0.5],
    [[1, 9], 1],
  ])("shape %j with gain %d has orthogonal rows or columns of that length", (shape, gain) => {
    const values = matrix(shape, { gain });
    const rows = shape[0];
    const columns = values.length / rows;
    const [count, length, at] =
      rows < columns
        ? [rows, columns, (k: number, i: number) => values[k * columns + i]]
        : [columns, rows, (k: number, i: number) => values[i * columns + k]];
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        let product = 0;
        for (let i = 0; i < length; i++) product += at(a, i) * at(b, i);
        // The values are stored as float32.
        expect(Math.abs(product - (a === b ? gain ** 2 : 0))).toBeLessThan(2e-7 * gain ** 2);
      }
    }
  });

  test("has all orientations with equal probability, including reflections", () => {
    const matrices = Array.from({ length: 2000 }, (_, seed) => matrix([2, 2], {}, seed));
    const mean = (f: (m: Float64Array) => number) => matrices.reduce((sum, m) => sum + f(m), 0) / matrices.length;
    // Without the sign correction, the first entry has always the same sign. Four standard errors of cos and of signs.
    for (const entry of [0, 1, 2, 3]) expect(Math.abs(mean((m) => m[entry]))).toBeLessThan(4 * Math.sqrt(0.5 / 2000));
    expect(Math.abs(mean(([a, b, c, d]) => a * d - b * c))).toBeLessThan(4 / Math.sqrt(2000));
    for (const entry of [0, 3]) expect(mean((m) => m[entry] ** 4)).toBeCloseTo(3 / 8, 1);
  });
});
