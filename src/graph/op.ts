// One record per operator: everything that training, accounting, import and tests need to know about it. What is true
// of it on one executor only is in targets/.
import type { Shape } from "../core/numbers/shape.js";
import type { InputReach } from "./accounting/axis-reach.js";
import type { Window } from "./accounting/window.js";
import type { ActivationRecord } from "./activation-record.js";
import type { Attributes, Graph, Tensor, TensorType } from "./tensor.js";

export type AttributeType = "int" | "float" | "ints" | "floats" | "string" | "strings" | "tensor" | "graph";

/** How an attribute is stored in a file, and its default. */
export interface AttributeRecord {
  readonly type: AttributeType;
  /** Attributes without default are optional or required; `infer` decides. */
  readonly default?: number | string | readonly number[];
  /** Internal: not written to files. */
  readonly internal?: boolean;
}

/** An input of the shape rule: its type, and its value if that follows from constants and static shapes. */
export interface InferInput extends TensorType {
  readonly value?: NdArray | undefined;
}

/**
 * A concrete tensor of the reference evaluation. Every element type is stored as float64, so float graphs are
 * evaluated in float64 and integers are exact up to 2^53; `uint32` operators wrap explicitly.
 */
export interface NdArray extends TensorType {
  readonly data: Float64Array;
}

/** Arithmetic cost of one node. */
export interface Cost {
  /** Multiply-accumulate pairs. */
  readonly macs: number;
  /** Floating-point operations: 2 x MACs, plus one per element-wise operation (each function call counts one). */
  readonly flops: number;
}

/** The arguments of a gradient rule. */
export interface VjpContext<A extends Attributes = Attributes> {
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  readonly attrs: A;
  /** Cotangents of the outputs; `null` if an output does not influence the result. */
  readonly cotangents: readonly (Tensor | null)[];
  /** Whether the cotangent of input `i` is needed, for rules with expensive parts. */
  readonly wants: readonly boolean[];
}

/**
 * Cotangents of the inputs from those of the outputs, as new nodes. `null` means no influence, or not needed.
 * A result may be larger than its input by broadcasting; `gradients` sums it back.
 */
export type Vjp<A extends Attributes = Attributes> = {
  rule(context: VjpContext<A>): readonly (Tensor | null)[];
}["rule"];

export interface EvaluateContext {
  /** Evaluates a subgraph, for operators that have one. */
  evaluateGraph(graph: Graph, inputs: readonly NdArray[]): NdArray[];
  /** Number of requested outputs. */
  readonly outputCount: number;
}

/** How a product reads its second input in parts. */
export interface SummedInput<A extends Attributes = Attributes> {
  /** The axis of the second input that is summed over; `null` if the product cannot be split. */
  axis(inputs: readonly (TensorType | null)[], attrs: A): number | null;
  /** The first output, from all parts in order. The second input itself is ignored. */
  build(inputs: readonly (Tensor | null)[], attrs: A, parts: readonly Tensor[]): Tensor;
}

/** What a rule of `reach` is given. */
export interface ReachContext<A> {
  readonly inputs: readonly (InferInput | null)[];
  readonly outputs: readonly TensorType[];
  readonly attrs: A;
  /** Index of the output. */
  readonly output: number;
}

/** Returns one entry per input. */
export type ReachRule<A> = { rule(context: ReachContext<A>): readonly InputReach[] }["rule"];

/** The windows of an operator over the spatial axes of its first input, or of its output if it is transposed. */
export interface WindowView extends Window {
  /** Number of channel groups. */
  readonly groups?: number;
  /** Whether every input element contributes to a window of the output. */
  readonly isTransposed?: boolean;
}

/** The role of a weight of a layer, in the words of the layers. */
export type WeightUse = "weight" | "bias" | "scale" | "shift" | "statistic";

// Members are methods so that a record with narrower attributes is still an `Op` (bivariance).
export interface Op<A extends Attributes = Attributes> {
  /** The operator's name in ONNX. */
  readonly name: string;
  /** The domain of an operator that is not ONNX's own. */
  readonly domain?: string;
  /** Smallest and largest number of inputs. */
  readonly arity: readonly [number, number];
  /** Inputs that may be `null`. Default: those beyond the smallest number, unless any number is allowed. */
  readonly optionalInputs?: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeRecord>>;
  /** Types of the outputs. Throws ShapeError or InvalidInputError for invalid inputs or attributes. */
  infer(inputs: readonly (InferInput | null)[], attrs: A, where: string): readonly TensorType[];
  /** Gradient rule; `"none"` if there is no gradient (integer results, control flow). */
  readonly vjp: Vjp<A> | "none";
  cost(inputs: readonly (TensorType | null)[], outputs: readonly TensorType[], attrs: A): Cost;
  /** Sliding windows, if the operator has them; used for accounting and receptive fields. */
  window?(inputs: readonly (TensorType | null)[], attrs: A): WindowView;
  /** Reference values in float64; deliberately slow and obvious. */
  evaluate(inputs: readonly (NdArray | null)[], attrs: A, context: EvaluateContext): readonly NdArray[];
  /**
   * `"preserves"`: a non-decreasing element-wise function whose gradient is zero wherever it maps different inputs to
   * equal values. `"picks"`: every output is one of the inputs, chosen only by order (the first of equal ones). A pick
   * after a preserving function may be exchanged with it; both directions stay exact.
   */
  readonly order?: "preserves" | "picks";
  /**
   * The first output computed from parts that the gradient also needs (the columns of a convolution), so that after
   * `simplify` they are computed once. `null` if the operator itself is faster. For use after differentiation.
   */
  fromGradientParts?(inputs: readonly (Tensor | null)[], attrs: A): Tensor | null;
  /**
   * For products: the second input may be split along the axis that is summed over. Its gradient then consists of
   * parts too, each complete before the next one starts.
   */
  readonly summed?: SummedInput<A>;
  /**
   * The only output with fewer nodes and identical bits: an existing tensor, or a new node of this operator; `null`
   * if nothing can be saved. Used by `simplify`.
   */
  simpler?(inputs: readonly (Tensor | null)[], outputs: readonly Tensor[]): Tensor | null;
  /** Whether the outputs follow from the types of the inputs alone (Shape, Size). */
  readonly readsTypesOnly?: boolean;
  /** Indices of the inputs whose values the shape rule needs: axes, sizes and factors that ONNX passes as tensors. */
  readonly staticInputs?: readonly number[];
  /**
   * Acts element by element with broadcasting: it may act on many networks at once as it is. The rules of the other
   * operators are in ops/network-axis/rules.ts.
   */
  readonly batch?: "elementwise";
  /** Acts element by element, wherever an element is, but cannot act on many networks at once as it is. */
  readonly isPointwise?: true;
  /** Marks a non-linearity, whose input and output probes measure. */
  readonly activation?: ActivationRecord<A>;
  /** Whether it acts on every channel (axis 1) separately, independent of the order of positions. */
  readonly isChannelwise?: boolean;
  /**
   * The dependencies of output elements, axis by axis. Not needed for windows and element-wise operators. Otherwise, if
   * absent, receptive fields after the operator are unknown.
   */
  readonly reach?: ReachRule<A>;
  /** Whether the only output is the first input with another shape or name, so that a runtime writes nothing. */
  readonly isView?: true;
  /** Whether the only output repeats the elements of the first input along axes. */
  readonly repeatsFirst?: true;
  /** The only output is the attribute `value`. */
  readonly holdsValue?: true;
  /**
   * Roles of weights by input, for recovering parameters of files. `"never"`: a tensor there is not a parameter, whatever
   * it is.
   */
  readonly weightUse?: Readonly<Record<number, WeightUse | "never">>;
  /** Input names, for messages and prints. */
  readonly inputNames?: readonly string[];
}

/** No multiplications, `perElement` operations for every output element. */
export function elementwiseCost(perElement: number) {
  return (_inputs: readonly (TensorType | null)[], outputs: readonly TensorType[]): Cost => ({
    macs: 0,
    flops: perElement * elements(outputs[0].shape),
  });
}

/** Movement and bookkeeping: no arithmetic at all. */
export function noCost(): Cost {
  return { macs: 0, flops: 0 };
}

function elements(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
