// Compares gradients with central differences, in float64 along random directions.
import { isFloat } from "../../../core/numbers/dtype.js";
import { sizeOf } from "../../../core/numbers/shape.js";
import { tensorData } from "../../../core/numbers/tensor-data.js";
import { type RandomStream, randomStream } from "../../../core/random/rng.js";
import { constant } from "../../build.js";
import { gradients } from "../../gradient.js";
import { graph } from "../../graph.js";
import type { NdArray } from "../../op.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import type { Graph, Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { reduceSum } from "../reduction/reduction.js";

// The error of the difference is h^2 f''' from the third derivative and 1e-16 f / h from rounding; both are near 1e-11 here.
const step = 1e-5;

/** `sum <weights, tensor>` over the float tensors, with fixed random weights: a scalar that depends on all of them. */
export function weightedSum(tensors: readonly Tensor[], stream: string): Tensor | undefined {
  let total: Tensor | undefined;
  for (const [i, tensor] of tensors.entries()) {
    if (!isFloat(tensor.dtype)) continue;
    const random = randomStream(i, stream);
    const data = Float64Array.from({ length: sizeOf(tensor.shape) }, (_, index) => random.normal(index));
    const weights = tensor.dtype === "float64" ? data : Float32Array.from(data);
    const part = reduceSum(mul(tensor, constant(tensorData(tensor.dtype, tensor.shape, weights))));
    const wide = cast(part, "float64");
    total = total === undefined ? wide : add(total, wide);
  }
  return total;
}

export interface DirectionalCheck {
  readonly of: Tensor;
  readonly inputs: readonly Tensor[];
  readonly values: readonly NdArray[];
  readonly sources: readonly Tensor[];
  /** Slopes below this are rounding errors; 1e-9 by default. */
  readonly least?: number;
}

/**
 * The largest difference, over some random directions `d`, between `<gradient, d>` and the central difference of
 * `of` along `d`, relative to the larger of the two (or to 1e-3 |gradient| |d|, where they cancel).
 */
export function gradientError({ of, inputs, values, sources, least = 1e-9 }: DirectionalCheck): number {
  const value = graph(inputs, { value: of });
  const found = gradients({ of, withRespectTo: sources });
  const slopes = evaluateGraph(graph(inputs, Object.fromEntries(found.map((tensor, i) => [`${i}`, tensor]))), values);
  let worst = 0;
  for (let trial = 0; trial < 3; trial++) {
    const stream = randomStream(trial, "direction");
    const directions = randomDirections(inputs, sources, stream);
    const predicted = slopes.reduce((sum, slope, i) => sum + dot(slope, directions.get(sources[i])!), 0);
    const measured =
      (shifted(value, values, directions, step) - shifted(value, values, directions, -step)) / (2 * step);
    const size = slopes.reduce((sum, slope, i) => sum + norm(slope.data) * norm(directions.get(sources[i])!), 0);
    const scale = Math.max(Math.abs(predicted), Math.abs(measured), 1e-3 * size, least);
    const error = Math.abs(predicted - measured) / scale;
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }
  return worst;
}

function randomDirections(
  inputs: readonly Tensor[],
  sources: readonly Tensor[],
  stream: RandomStream,
): Map<Tensor, Float64Array> {
  let drawn = 0;
  const draw = (tensor: Tensor): Float64Array =>
    Float64Array.from({ length: sizeOf(tensor.shape) }, () => stream.normal(drawn++));
  return new Map(inputs.filter((tensor) => sources.includes(tensor)).map((tensor) => [tensor, draw(tensor)]));
}

function shifted(
  value: Graph,
  values: readonly NdArray[],
  directions: ReadonlyMap<Tensor, Float64Array>,
  by: number,
): number {
  const moved = value.inputs.map((tensor, i) => {
    const direction = directions.get(tensor);
    if (direction === undefined) return values[i];
    return { ...values[i], data: values[i].data.map((element, at) => element + by * direction[at]) };
  });
  return evaluateGraph(value, moved)[0].data[0];
}

function dot(a: NdArray, b: Float64Array): number {
  return a.data.reduce((sum, element, i) => sum + element * b[i], 0);
}

function norm(data: Float64Array): number {
  return Math.sqrt(data.reduce((sum, element) => sum + element * element, 0));
}
