// The effective receptive field of stacked convolutions: the weight of each input pixel in one output element.
import { sizeOf } from "../../core/numbers/shape.js";
import { gradients } from "../../graph/gradient.js";
import { graph } from "../../graph/graph.js";
import { reduceSum } from "../../graph/ops/reduction/reduction.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { ndFill } from "../../graph/reference/nd-array.js";
import { conv2d, sequential } from "../../nn/index.js";
import { buildNetwork } from "../../nn/network.js";

export interface EffectiveField {
  readonly layers: number;
  readonly kernel: number;
  /** Size of the theoretical field: pixels along an axis with a nonzero gradient. */
  readonly extent: number;
  /** Weight by position: the gradient of the output element, summed along one axis and divided by its sum. */
  readonly profile: readonly number[];
  /** Standard deviation of the profile in pixels. */
  readonly deviation: number;
  /** Fourth central moment over the squared variance, minus 3: 0 for a Gaussian. */
  readonly excessKurtosis: number;
}

/**
 * The gradient of the single output element of `layers` linear convolutions of `kernel x kernel` uniform weights, stride 1
 * and no padding, with respect to the input of `n (k - 1) + 1` pixels on a side. It equals the n-fold convolution of a box
 * with itself (Luo, Li, Urtasun and Zemel, NeurIPS 2016); here our gradient rules compute it, in float64.
 */
export function effectiveField(layers: number, kernel: number): EffectiveField {
  const side = layers * (kernel - 1) + 1;
  const stack = sequential(Array.from({ length: layers }, () => conv2d({ filters: 1, kernel, bias: false })));
  const { inputs, output, parameters } = buildNetwork(stack, {
    mode: "inference",
    batchSize: 1,
    inputShape: [1, side, side],
  });
  const weights = parameters.map(({ tensor }) => tensor);
  const [gradient] = gradients({ of: reduceSum(output), withRespectTo: [inputs[0]] });
  const [{ data }] = evaluateGraph(graph([inputs[0], ...weights], { gradient }), [
    ndFill("float32", inputs[0].shape, () => 0),
    ...weights.map(({ shape }) => ndFill("float32", shape, () => 1 / sizeOf(shape))),
  ]);
  return { layers, kernel, ...momentsOf(profileOf(data, side)) };
}

/** Row sums divided by the sum of all elements. */
function profileOf(map: Float64Array, side: number): number[] {
  const rows = Array.from({ length: side }, (_, row) =>
    map.subarray(row * side, (row + 1) * side).reduce((sum, value) => sum + value, 0),
  );
  const total = rows.reduce((sum, value) => sum + value, 0);
  return rows.map((value) => value / total);
}

function momentsOf(profile: readonly number[]): Omit<EffectiveField, "layers" | "kernel"> {
  const moment = (center: number, power: number): number =>
    profile.reduce((sum, weight, place) => sum + weight * (place - center) ** power, 0);
  const center = moment(0, 1);
  const variance = moment(center, 2);
  return {
    extent: profile.filter((weight) => weight !== 0).length,
    profile,
    deviation: Math.sqrt(variance),
    excessKurtosis: moment(center, 4) / variance ** 2 - 3,
  };
}

/** `sqrt(n (k^2 - 1) / 12)`: the variances of n independent uniform steps among k positions add up. */
export const boxDeviation = (layers: number, kernel: number): number => Math.sqrt((layers * (kernel ** 2 - 1)) / 12);

/** The depths with a published deviation, all for 3 x 3 kernels. */
export const effectiveDepths = [5, 10, 20, 40] as const;
