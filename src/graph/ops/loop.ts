// Loop: runs a body graph repeatedly, with loop-carried values and collected scan outputs.
import { InvalidInputError, ShapeError } from "../../core/errors.js";
import { type Shape, sameShape, shapeText } from "../../core/numbers/shape.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { graphCost } from "../accounting/cost.js";
import { apply, constant, constantValue, input, scalar } from "../build.js";
import type { EvaluateContext, InferInput, NdArray, Op } from "../op.js";
import type { Graph, NamedTensor, Tensor, TensorType } from "../tensor.js";
import { unlimited } from "./record/elementwise.js";

/**
 * Inputs of the node: `[trip count, condition, ...carried, ...captured]`; of the body: `[iteration, condition,
 * ...carried, ...captured]`. Outputs of the body: `[condition, ...carried, ...scans]`; of the node the same without the
 * condition, where scans have a leading axis for the iterations. In ONNX files captured tensors are not inputs but
 * names of the outer scope; here they are listed, so that every pass sees what a loop reads.
 */
export type LoopAttributes = {
  readonly body: Graph;
  /** Internal: number of captured inputs, which are the last ones. */
  readonly captured: number;
  /** Internal: the trip count to assume if it is not constant. */
  readonly nominal_trip_count: number;
};

/** The groups of inputs and outputs. */
export function partsOf({ body, captured }: LoopAttributes, inputCount: number) {
  const carried = inputCount - 2 - captured;
  return { carried, scans: body.outputs.length - 1 - carried };
}

function typeText({ dtype, shape }: TensorType): string {
  return `${dtype} ${shapeText(shape)}`;
}

function requireType(where: string, what: string, expected: TensorType, received: TensorType): void {
  if (expected.dtype === received.dtype && sameShape(expected.shape, received.shape)) return;
  throw new ShapeError(what, { where, expected: typeText(expected), received: typeText(received) });
}

const int64Scalar: TensorType = { dtype: "int64", shape: [] };
const boolScalar: TensorType = { dtype: "bool", shape: [] };

function checkBody(where: string, inputs: readonly (InferInput | null)[], attrs: LoopAttributes): void {
  const { body } = attrs;
  const { carried, scans } = partsOf(attrs, inputs.length);
  if (body.inputs.length !== inputs.length || carried < 0 || scans < 0) {
    throw new InvalidInputError("the body does not fit the loop", {
      where,
      expected: `${inputs.length} inputs (iteration, condition, carried, captured) and at least ${1 + Math.max(carried, 0)} outputs`,
      received: `${body.inputs.length} inputs and ${body.outputs.length} outputs`,
    });
  }
  requireType(where, "the body's iteration number has another type", int64Scalar, body.inputs[0]);
  requireType(where, "the body's condition has another type", boolScalar, body.inputs[1]);
  requireType(where, "the body's resulting condition has another type", boolScalar, body.outputs[0].tensor);
  for (const [i, type] of inputs.slice(2).entries()) {
    const given = body.inputs[i + 2];
    const label = i < carried ? `carried value ${i}` : `captured value ${i - carried}`;
    const name = given.name === undefined ? label : `${label} ("${given.name}")`;
    if (type === null) throw new InvalidInputError(`missing ${name}`, { where });
    requireType(where, `${name} enters the loop with another type than the body takes`, given, type);
    if (i < carried)
      requireType(where, `${name} leaves the body with another type than it enters`, given, body.outputs[i + 1].tensor);
  }
}

export const loopOp: Op<LoopAttributes> = {
  name: "Loop",
  arity: [2, unlimited],
  optionalInputs: [0, 1],
  attributes: {
    body: { type: "graph" },
    captured: { type: "int", default: 0, internal: true },
    nominal_trip_count: { type: "int", default: 1, internal: true },
  },
  inputNames: ["M", "cond"],
  infer(inputs, attrs, where) {
    const [tripCount, condition] = inputs;
    if (tripCount !== null) requireType(where, "the trip count has another type", int64Scalar, tripCount);
    if (condition !== null) requireType(where, "the condition has another type", boolScalar, condition);
    checkBody(where, inputs, attrs);
    const { carried } = partsOf(attrs, inputs.length);
    const trips = tripCount?.value?.data[0] ?? attrs.nominal_trip_count;
    return attrs.body.outputs.slice(1).map(({ tensor }, i) => ({
      dtype: tensor.dtype,
      shape: i < carried ? tensor.shape : [trips, ...tensor.shape],
    }));
  },
  vjp: "none",
  cost(inputs, outputs, attrs) {
    const { carried, scans } = partsOf(attrs, inputs.length);
    const trips = scans > 0 ? outputs[carried].shape[0] : attrs.nominal_trip_count;
    const { macs, flops } = graphCost(attrs.body);
    return { macs: trips * macs, flops: trips * flops };
  },
  evaluate: (inputs, attrs, context) => runLoop(inputs, attrs, context),
};

function runLoop(
  inputs: readonly (NdArray | null)[],
  attrs: LoopAttributes,
  { evaluateGraph }: EvaluateContext,
): NdArray[] {
  const { carried, scans } = partsOf(attrs, inputs.length);
  const limit = inputs[0]?.data[0] ?? Number.POSITIVE_INFINITY;
  const captured = inputs.slice(2 + carried) as NdArray[];
  let values = inputs.slice(2, 2 + carried) as NdArray[];
  let condition = inputs[1] ?? { ...boolScalar, data: Float64Array.of(1) };
  const collected: NdArray[][] = Array.from({ length: scans }, () => []);
  for (let i = 0; i < limit && condition.data[0] !== 0; i++) {
    const iteration = { ...int64Scalar, data: Float64Array.of(i) };
    const results = evaluateGraph(attrs.body, [iteration, condition, ...values, ...captured]);
    condition = results[0];
    values = results.slice(1, 1 + carried);
    for (const [s, rows] of collected.entries()) rows.push(results[1 + carried + s]);
  }
  return [...values, ...collected.map((rows, s) => stacked(rows, attrs.body.outputs[1 + carried + s].tensor))];
}

/** Arrays of one shape along a new first axis. */
function stacked(rows: readonly NdArray[], type: TensorType): NdArray {
  const inner: Shape = rows[0]?.shape ?? type.shape;
  return {
    dtype: type.dtype,
    shape: [rows.length, ...inner],
    data: Float64Array.from(rows.flatMap((row) => [...row.data])),
  };
}

export interface LoopInputs {
  /** A number, an `int64` scalar, or `null` to run while the condition holds. */
  readonly tripCount: number | Tensor | null;
  /** Whether to run at all, a `bool` scalar; default true. */
  readonly condition?: Tensor;
  /** Initial loop-carried values. */
  readonly carried: readonly Tensor[];
  /** Values that the body reads unchanged. */
  readonly captured?: readonly Tensor[];
  /** Trip count to assume for shapes and costs if `tripCount` is not constant; default 1. */
  readonly nominalTripCount?: number;
}

export interface LoopStep {
  /** Whether to continue, a `bool` scalar; default true. */
  readonly condition?: Tensor;
  /** One per carried value, of the same type. */
  readonly carried: readonly Tensor[];
  /** Collected over the iterations along a new first axis. */
  readonly scans?: readonly NamedTensor[];
}

export interface LoopResults {
  /** The carried values after the last iteration. */
  readonly carried: readonly Tensor[];
  /** `[iterations, ...]` each. */
  readonly scans: readonly Tensor[];
}

/**
 * Repeats `step`. It is called once, with symbolic values of one iteration: its index from 0 (`int64` scalar), and the
 * carried and captured values, named like the given tensors. Apart from these it may read only constants.
 */
export function loop(
  inputs: LoopInputs,
  step: (iteration: Tensor, carried: readonly Tensor[], captured: readonly Tensor[]) => LoopStep,
): LoopResults {
  const { tripCount, condition = null, carried, captured = [] } = inputs;
  const twin = (tensor: Tensor, i: number): Tensor =>
    input(tensor.name ?? `value${i}`, tensor.dtype, tensor.shape, tensor.axisNames);
  const iteration = input("iteration", "int64", []);
  const goOn = input("condition", "bool", []);
  const carriedIn = carried.map(twin);
  const capturedIn = captured.map((tensor, i) => twin(tensor, carried.length + i));
  const result = step(iteration, carriedIn, capturedIn);
  const body: Graph = {
    inputs: [iteration, goOn, ...carriedIn, ...capturedIn],
    outputs: [
      { name: "condition_out", tensor: result.condition ?? constant(tensorFrom("bool", [], [1])) },
      ...result.carried.map((tensor, i) => ({ name: `${carriedIn[i]?.name ?? `value${i}`}_out`, tensor })),
      ...(result.scans ?? []),
    ],
  };
  const trips = typeof tripCount === "number" ? scalar(tripCount, "int64") : tripCount;
  const known = trips === null ? undefined : constantValue(trips)?.data[0];
  const outputs = apply(loopOp, [trips, condition, ...carried, ...captured], {
    body,
    captured: captured.length,
    nominal_trip_count: known ?? inputs.nominalTripCount ?? 1,
  });
  return { carried: outputs.slice(0, carried.length), scans: outputs.slice(carried.length) };
}
