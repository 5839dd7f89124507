// Effective receptive fields: exact maps of linear stacks, finite differences, and wrong arguments.
import { describe, expect, it } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { graph } from "../../graph/graph.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData, ndFill } from "../../graph/reference/nd-array.js";
import {
  conv1d,
  conv2d,
  convTranspose1d,
  dense,
  globalAveragePool,
  layerNorm,
  maxPool2d,
  relu,
  sequential,
  visionTransformer,
} from "../../nn/index.js";
import type { LayerSpec } from "../../nn/layer.js";
import { modelByName } from "../../nn/models.js";
import { layerSubject } from "../subject/layer-subject.js";
import type { Value } from "../subject/subject.js";
import { isKnown } from "../subject/values.js";
import { type EffectiveFieldOptions, effectiveField } from "./effective-field.js";
import { fieldGrowthFigure } from "./field-figures.js";
import { receptiveFieldGrowth } from "./field-growth.js";
import { referenceSession } from "./graph-session.js";

const measure = (spec: LayerSpec, inputShape: readonly number[], options: EffectiveFieldOptions = {}) =>
  effectiveField(layerSubject(spec, { inputShape }), { examples: 1, ...options }, referenceSession);

/** The distribution of a sum of `count` independent uniform numbers from 0 to 2. */
function boxPower(count: number): number[] {
  let result = [1];
  for (let i = 0; i < count; i++) {
    const wider = Array<number>(result.length + 2).fill(0);
    for (const [k, value] of result.entries()) for (const step of [0, 1, 2]) wider[k + step] += value / 3;
    result = wider;
  }
  return result;
}

const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe("stacks of linear layers with uniform weights (Luo et al. 2016)", () => {
  it.each([
    [5, 1.826],
    [10, 2.582],
    [20, 3.651],
    [40, 5.164],
  ])("%i layers of kernel 3 give the n-fold box, with standard deviation %f", async (count, deviation) => {
    const stack = Array.from({ length: count }, () =>
      conv1d({ filters: 1, kernel: 3, padding: 1, weightInitializer: "ones" }),
    );
    const length = 2 * count + 5;
    const field = await measure(sequential(stack), [1, length]);
    const box = boxPower(count);
    expect(largestDifference(field.map, [0, 0, ...box, 0, 0])).toBeLessThan(1e-14);
    expect(field.deviation[0]).toBeCloseTo(deviation, 3);
    expect(field.deviation[0]).toBeCloseTo(Math.sqrt((count * 8) / 12), 12);
    expect(field).toMatchObject({ theory: [[2, 2 * count + 2]], theoryPixels: 2 * count + 1, inside: 1 });
  });

  it("of 3 x 3 over two channels give the product of two boxes", async () => {
    const stack = [4, 1].map((filters) => conv2d({ filters, kernel: 3, weightInitializer: "ones" }));
    const field = await measure(sequential(stack), [2, 5, 5], { average: "absolute" });
    const box = boxPower(2);
    const product = box.flatMap((row) => box.map((column) => row * column));
    expect(largestDifference(field.map, product)).toBeLessThan(1e-14);
    expect(field.shape).toEqual([5, 5]);
    // 21 pixels hold 80 of 81 parts; without the 8 pixels of 1 or 2 parts, 13 pixels hold 65.
    expect(field.pixels95).toBe(
      [...product]
        .sort((a, b) => b - a)
        .findIndex((_, i, sorted) => {
          return sorted.slice(0, i + 1).reduce((sum, value) => sum + value, 0) >= 0.95;
        }) + 1,
    );
    // Luo et al. count pixels above 4.55 % of the largest, which has 9 parts of 81, so they count all.
    expect(field.side).toBe(5);
  });

  it("give a narrower field with the square average", async () => {
    const stack = Array.from({ length: 3 }, () => conv1d({ filters: 1, kernel: 3, weightInitializer: "ones" }));
    const { map } = await measure(sequential(stack), [1, 7], { average: "square" });
    const squares = boxPower(3).map((value) => value ** 2);
    const sum = squares.reduce((total, value) => total + value, 0);
    expect(
      largestDifference(
        map,
        squares.map((value) => value / sum),
      ),
    ).toBeLessThan(1e-14);
  });
});

describe("the gradient", () => {
  it("equals central differences, averaged over the given inputs", async () => {
    const spec = sequential([
      conv2d({ filters: 3, kernel: 3, padding: 1 }),
      relu(),
      maxPool2d({ kernel: 2 }),
      conv2d({ filters: 1, kernel: 2 }),
    ]);
    const subject = layerSubject(spec, { inputShape: [2, 8, 8], batchSize: 2 });
    const { tensor } = subject.inputs[0];
    const images = [0, 1].map((run) => ndFill("float32", tensor.shape, (i) => Math.sin(1 + i * (0.7 + run * 0.13))));
    const field = await effectiveField(
      subject,
      {
        examples: 4,
        seed: 3,
        unit: [null, null, 1, 2],
        feeds: (run) => ({ input: tensorFrom("float32", tensor.shape, images[run].data) }),
      },
      referenceSession,
    );
    const [output] = subject.outputs;
    const parameters = [...new Set(subject.steps.flatMap(({ nodes }) => nodes).flatMap(({ inputs }) => inputs))].filter(
      (one) => one !== null && one.node === undefined && one !== tensor,
    );
    const program = graph([tensor, ...(parameters as (typeof tensor)[])], { y: output.value as typeof tensor });
    const values = parameters.map((one) => fromTensorData(subject.storedValue?.(one as typeof tensor, 3) as never));
    const unitOf = (data: Float64Array, example: number): number => {
      const [y] = evaluateGraph(program, [{ dtype: "float32", shape: tensor.shape, data }, ...values]);
      return y.data[example * 9 + 1 * 3 + 2];
    };
    const sums = Array<number>(64).fill(0);
    for (const image of images) {
      // The inputs were rounded to float32.
      const data = Float64Array.from(image.data, Math.fround);
      for (const [i, value] of data.entries()) {
        const example = Math.floor(i / 128);
        const [up, down] = [1e-6, -1e-6].map((step) => unitOf(data.with(i, value + step), example));
        sums[i % 64] += Math.abs((up - down) / 2e-6);
      }
    }
    const total = sums.reduce((sum, value) => sum + value, 0);
    expect(
      largestDifference(
        field.map,
        sums.map((value) => value / total),
      ),
    ).toBeLessThan(1e-7);
    expect(field).toMatchObject({
      examples: 4,
      inside: 1,
      theory: [
        [1, 6],
        [3, 8],
      ],
    });
  });

  it("does not vanish if channels sum to a constant", async () => {
    const spec = sequential([conv1d({ filters: 4, kernel: 3 }), layerNorm()]);
    const field = await measure(spec, [1, 9], { layer: "1", unit: [null, null, 3] });
    // The statistics are over channels and positions, so every position has a weight.
    expect(field.map.every((value) => value > 0)).toBe(true);
    expect(field.inside).toBeLessThan(1);
  });

  it("stays inside the theoretical field of random networks", async () => {
    for (const [seed, spec] of [
      sequential([
        conv1d({ filters: 2, kernel: 3, stride: 2, padding: 2 }),
        conv1d({ filters: 2, kernel: 2, dilation: 3 }),
      ]),
      sequential([conv1d({ filters: 2, kernel: 4, stride: 3 }), convTranspose1d({ filters: 2, kernel: 5, stride: 2 })]),
      sequential([conv1d({ filters: 3, kernel: 5, padding: 1 }), relu(), conv1d({ filters: 2, kernel: 3, stride: 3 })]),
    ].entries()) {
      const field = await measure(spec, [2, 40], { seed, examples: 3 });
      expect(field.inside).toBe(1);
      expect(field.part95).toBeGreaterThan(0.3);
      expect(field.part95).toBeLessThanOrEqual(1);
    }
  });

  it("of one token of attention reaches every patch", async () => {
    const tiny = visionTransformer({ depth: 1, features: 16, heads: 2, hidden: 16 });
    const subject = layerSubject(tiny, { inputShape: [3, 16, 16] });
    const isToken = (y: Value): boolean => isKnown(y) && y.shape.length === 3;
    const layer = subject.steps.findLast(({ operator, outputs }) => operator === "Add" && isToken(outputs[0]));
    const unit = [null, 3, null];
    const field = await effectiveField(subject, { layer: layer?.name ?? "", unit, examples: 1 }, referenceSession);
    expect(field).toMatchObject({ theory: "all", theoryPixels: 256, inside: 1, unit });
    expect(field.map.every((value) => value > 0)).toBe(true);
  });
});

describe("the measured unit", () => {
  const spec = sequential([
    conv1d({ filters: 8, kernel: 3, stride: 2 }),
    sequential([conv1d({ filters: 8, kernel: 3, stride: 2 }), relu()]),
    globalAveragePool(),
    dense({ units: 3 }),
  ]);

  it("is by default the center of the last layer whose field is not the whole input", async () => {
    const field = await measure(spec, [1, 31]);
    // Seven elements at 3, 7, ..., 27: the fourth is at 15, the middle.
    expect(field).toMatchObject({ layer: "1.1", unit: [null, null, 3], theory: [[12, 18]] });
  });

  it("belongs to the named step or to the last step of the named module", async () => {
    expect(await measure(spec, [1, 31], { layer: "1" })).toMatchObject({ layer: "1.1" });
    expect(await measure(spec, [1, 31], { layer: "0" })).toMatchObject({ layer: "0", theory: [[14, 16]] });
    expect(await measure(spec, [1, 31], { layer: "3" })).toMatchObject({
      layer: "3",
      unit: [null, null],
      theory: "all",
    });
  });

  it("is refused if it does not exist, with the valid choices", async () => {
    const message = async (model: LayerSpec, shape: readonly number[], options: EffectiveFieldOptions) =>
      measure(model, shape, options).then(
        () => "no error",
        (cause: Error) => cause.message,
      );
    expect(await message(spec, [1, 31], { layer: "conv7" })).toMatchInlineSnapshot(
      `"effective receptive field of sequential: no such layer, or no field: expected the name of a layer or module with a field, received "conv7". For instance 0, 1.1, 2/Reshape"`,
    );
    expect(await message(spec, [1, 31], { unit: [null, null, 7] })).toMatchInlineSnapshot(
      `"effective receptive field of sequential, layer 1.1: the unit does not fit: expected an index or null for each axis of [1, 8, 7], null for the examples, received [null, null, 7]"`,
    );
    expect(await message(spec, [1, 31], { examples: 0 })).toMatchInlineSnapshot(
      `"effective receptive field of sequential: examples must be a whole number from 1: received 0"`,
    );
    expect(await message(sequential([dense({ units: 3 })]), [5], {})).toMatchInlineSnapshot(
      `"effective receptive field of sequential: no layer has a receptive field: expected windows that slide over an input"`,
    );
    const dead = sequential([conv1d({ filters: 1, kernel: 3, weightInitializer: "zeros" })]);
    expect(await message(dead, [1, 9], {})).toMatchInlineSnapshot(
      `"effective receptive field of sequential: the gradient is 0 everywhere: expected gradients that reach the input, received a sum of 0. Use more examples, another seed or another layer: units that are off pass no gradient"`,
    );
  });
});

describe("the growth of theoretical fields", () => {
  it("has one entry per depth, that of the longest path", () => {
    const alexnet = layerSubject(modelByName("alexnet"), { inputShape: [3, 227, 227], model: "alexnet" });
    const growth = receptiveFieldGrowth(alexnet);
    expect(growth.map(({ depth }) => depth)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(growth.map(({ field }) => field.size[0])).toEqual([11, 19, 51, 67, 99, 131, 163, 195]);
    const { rows, spec } = fieldGrowthFigure([{ model: "alexnet", growth }], { inputExtent: 227 });
    expect(rows.at(-1)).toEqual({ variant: "alexnet", depth: 8, receptiveField: 195 });
    expect(JSON.stringify(spec)).toContain("input: 227 pixels");
  });
});
