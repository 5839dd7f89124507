import { describe, expect, test } from "vitest";
import type { Shape } from "../../../core/numbers/shape.js";
import { randomStream } from "../../../core/random/rng.js";
import { input, withScope } from "../../build.js";
import { gradients } from "../../gradient.js";
import { graph } from "../../graph.js";
import type { NdArray } from "../../op.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { reduceSum } from "../reduction/reduction.js";
import { batchNormalization } from "./batch-normalization.js";

function noise(shape: Shape, seed: number): NdArray {
  const stream = randomStream(seed, "test");
  return ndFill("float64", shape, (i) => stream.normal(i));
}

function run(inputs: readonly Tensor[], values: readonly NdArray[], ...outputs: readonly Tensor[]): NdArray[] {
  return evaluateGraph(graph(inputs, Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor]))), values);
}

const dot = (a: NdArray, b: NdArray): number => a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);
const moved = (a: NdArray, direction: NdArray, by: number): NdArray => ({
  ...a,
  data: a.data.map((value, i) => value + by * direction.data[i]),
});

describe.each<[Shape]>([[[6, 3]], [[4, 3, 5]], [[3, 2, 3, 4]], [[2, 3, 2, 3, 2]]])(
  "BatchNormalization of %j",
  (shape) => {
    const channels = [shape[1]];
    const names = ["x", "scale", "shift", "mean", "variance"];
    const inputs = names.map((name, i) => input(name, "float64", i === 0 ? shape : channels));
    const values = inputs.map((tensor, i) => {
      const value = noise(tensor.shape, i);
      return i === 4 ? { ...value, data: value.data.map((element) => element ** 2 + 0.1) } : value;
    });
    const [x, scale, shift, mean, variance] = inputs;

    /** Central differences of a scalar along a random direction of one input, against its gradient. */
    function expectGradient(loss: Tensor, withRespectTo: readonly Tensor[]): void {
      const found = run(inputs, values, ...gradients({ of: loss, withRespectTo }));
      for (const [i, tensor] of withRespectTo.entries()) {
        const at = inputs.indexOf(tensor);
        const direction = noise(tensor.shape, 20 + i);
        const [up, down] = [1e-5, -1e-5].map(
          (by) => run(inputs, values.with(at, moved(values[at], direction, by)), loss)[0].data[0],
        );
        const slope = (up - down) / 2e-5;
        const size = Math.max(1, Math.abs(slope));
        expect(dot(found[i], direction) / size).toBeCloseTo(slope / size, 7);
      }
    }

    test("in inference equals its formula and has all five gradients", () => {
      const [y] = batchNormalization(x, scale, shift, mean, variance, { epsilon: 0.01 });
      const [ys] = run(inputs, values, y);
      const places = shape.slice(2).reduce((product, extent) => product * extent, 1);
      for (const [i, value] of values[0].data.entries()) {
        const c = Math.floor(i / places) % shape[1];
        const [g, b, m, v] = values.slice(1).map(({ data }) => data[c]);
        expect(ys.data[i]).toBeCloseTo(((value - m) / Math.sqrt(v + 0.01)) * g + b, 12);
      }
      expectGradient(reduceSum(mul(y, mul(y, y))), inputs);
    });

    test("in training standardizes the batch and differentiates through its statistics", () => {
      const options = { epsilon: 0.01, momentum: 0, training_mode: 1 };
      const [y, batchMean, batchVariance] = batchNormalization(x, scale, shift, mean, variance, options);
      const [ys, means, variances] = run(inputs, values, y, batchMean, batchVariance);
      const [again] = run(
        inputs,
        [...values.slice(0, 3), means, variances],
        batchNormalization(x, scale, shift, mean, variance, { epsilon: 0.01 })[0],
      );
      expect([...ys.data]).toEqual([...again.data]);
      expectGradient(reduceSum(mul(y, mul(y, y))), [x, scale, shift]);
      expectGradient(add(reduceSum(mul(y, y)), reduceSum(mul(batchMean, batchVariance))), [x, scale, shift]);
      expectGradient(reduceSum(mul(batchVariance, batchVariance)), [x]);
      expectGradient(reduceSum(mul(batchMean, batchMean)), [x]);
    });
  },
);

describe("wrong inputs", () => {
  const failure = (build: () => unknown): string => {
    try {
      withScope("layers.1 (batchNorm)", build);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };
  const perChannel = (count: number): Tensor => input("scale", "float32", [count]);
  const six = perChannel(6);

  test("a momentum in training is refused", () => {
    const x = input("x", "float32", [8, 6, 4, 4]);
    expect(failure(() => batchNormalization(x, six, six, six, six, { training_mode: 1 }))).toMatchInlineSnapshot(
      `"layers.1 (batchNorm) > BatchNormalization: running statistics are not kept inside BatchNormalization: expected momentum 0 in training mode: the 2nd and 3rd output are then the batch mean and population variance, received 0.9. Move the running statistics with separate nodes"`,
    );
  });
  test("another number of channels is refused", () => {
    const x = input("x", "float32", [8, 5, 4, 4]);
    expect(failure(() => batchNormalization(x, perChannel(5), six, six, six))).toMatchInlineSnapshot(
      `"layers.1 (batchNorm) > BatchNormalization: B does not fit: expected [5] for X [8, 5, 4, 4], received [6]"`,
    );
  });
  test("an input without channels is refused", () => {
    expect(failure(() => batchNormalization(input("x", "float32", [8]), six, six, six, six))).toMatchInlineSnapshot(
      `"layers.1 (batchNorm) > BatchNormalization: there is no channel axis: expected [batch, channels, ...], received [8]"`,
    );
  });
});
