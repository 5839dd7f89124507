// Test cases of operators as data, and their conversion to graphs. The tests of operators run over all cases.
import { type DType, isFloat } from "../../../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { type RandomStream, randomStream } from "../../../core/random/rng.js";
import { apply, constant, input } from "../../build.js";
import type { NdArray, Op } from "../../op.js";
import type { Attributes, Tensor } from "../../tensor.js";

/** The sampling of an input. Ranges avoid kinks. */
export interface CaseInput {
  /** `float` is float64 where gradients are checked and float32 on ONNX Runtime. */
  readonly dtype: DType | "float";
  readonly shape: Shape;
  /** Draws the elements from a stream of random numbers. */
  readonly sample: (count: number, stream: RandomStream) => number[];
  /** A Constant node instead of a graph input, for values that a shape rule needs, such as axes and sizes. */
  readonly constant?: boolean;
}

export interface OpCase {
  /** The special feature of the case in a few words. Unique within the operator. */
  readonly name: string;
  /** `null` is an omitted optional input. */
  readonly inputs: readonly (CaseInput | null)[];
  readonly attrs?: Attributes;
  /** Whether the function is smooth, so that its second derivative is checked as well. */
  readonly twice?: true;
  /** Inputs whose gradient is checked; by default every float input that is not constant. */
  readonly withRespectTo?: readonly number[];
  /** Relative tolerances that replace the usual ones, with the reason. */
  readonly tolerance?: { readonly gradient?: number; readonly runtime?: number; readonly why: string };
  /** Scan outputs of a loop: the shape rule knows the rank, but axis 0 has only a nominal size. */
  readonly openAxes?: true;
  /** The reason why ONNX Runtime's CPU provider cannot run this case. */
  readonly notOnRuntime?: string;
}

/** Uniform numbers from a range, [-2, 2) by default. */
export function float(shape: Shape, [low, high]: readonly [number, number] = [-2, 2]): CaseInput {
  const sample: CaseInput["sample"] = (count, stream) =>
    Array.from({ length: count }, (_, i) => low + (high - low) * stream.uniform(i));
  return { dtype: "float", shape, sample };
}

/** Numbers of both signs, with an absolute value from 0.2 to 2: away from a kink or pole at 0. */
export function awayFromZero(shape: Shape): CaseInput {
  const sample: CaseInput["sample"] = (count, stream) =>
    Array.from(
      { length: count },
      (_, i) => (stream.uniform(2 * i) < 0.5 ? -1 : 1) * (0.2 + 1.8 * stream.uniform(2 * i + 1)),
    );
  return { dtype: "float", shape, sample };
}

/** Numbers in random order that differ by at least 0.1, so that there are no ties or near ties. */
export function distinct(shape: Shape): CaseInput {
  const sample: CaseInput["sample"] = (count, stream) => {
    const keys = Array.from({ length: count }, (_, i) => stream.uniform(i));
    const ranks = keys.map((key) => keys.filter((other) => other < key).length);
    return ranks.map((rank) => 0.1 * (rank - count / 2) + 0.03);
  };
  return { dtype: "float", shape, sample };
}

/** Integers from `low` to `high`, exclusive. */
export function integers(dtype: DType, shape: Shape, [low, high]: readonly [number, number]): CaseInput {
  const sample: CaseInput["sample"] = (count, stream) =>
    Array.from({ length: count }, (_, i) => low + Math.floor((high - low) * stream.uniform(i)));
  return { dtype, shape, sample };
}

/** True or false at random. */
export function bools(shape: Shape): CaseInput {
  return integers("bool", shape, [0, 2]);
}

/** Exactly these elements. */
export function exactly(dtype: DType | "float", shape: Shape, values: readonly number[]): CaseInput {
  return { dtype, shape, sample: () => [...values] };
}

/** A constant list of `int64`, for axes and shapes. */
export function list(values: readonly number[]): CaseInput {
  return { ...exactly("int64", [values.length], values), constant: true };
}

/** A case as a graph: its tensors, and the values of its graph inputs. */
export interface BuiltCase {
  readonly inputs: readonly Tensor[];
  readonly values: readonly NdArray[];
  readonly outputs: readonly Tensor[];
  /** The inputs whose gradient is checked. */
  readonly sources: readonly Tensor[];
}

/** Builds a case with floats of one element type. Values depend only on the operator and the case. */
export function buildCase(op: Op, { name, inputs, attrs = {}, withRespectTo }: OpCase, floatType: DType): BuiltCase {
  const graphInputs: Tensor[] = [];
  const values: NdArray[] = [];
  const sources: Tensor[] = [];
  const tensors = inputs.map((given, i) => {
    if (given === null) return null;
    const dtype = given.dtype === "float" ? floatType : given.dtype;
    const sampled = given.sample(sizeOf(given.shape), randomStream(i, `${op.name}: ${name}`));
    if (given.constant === true) return constant(tensorFrom(dtype, given.shape, sampled));
    const tensor = input(`x${i}`, dtype, given.shape);
    graphInputs.push(tensor);
    // Both element types get the same numbers.
    const data = isFloat(dtype) ? Float64Array.from(Float32Array.from(sampled)) : Float64Array.from(sampled);
    values.push({ dtype, shape: given.shape, data });
    if (withRespectTo === undefined ? isFloat(dtype) : withRespectTo.includes(i)) sources.push(tensor);
    return tensor;
  });
  return { inputs: graphInputs, values, outputs: apply(op, tensors, attrs), sources };
}
