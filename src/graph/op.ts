// One record per operator: everything that training, accounting, import and tests need to know about it. What is true of
// it on one executor only is in targets/.
import type { Shape } from "../core/numbers/shape.js";
import type { InputReach } from "./accounting/axis-reach.js";
import type { Window } from "./accounting/window.js";
import type { Attributes, Graph, Tensor, TensorType } from "./tensor.js";

export type AttributeType = "int" | "float" | "ints" | "floats" | "string" | "strings" | "tensor" | "graph";

/** How an attribute is stored in a file, and its value when it is absent. */
export interface AttributeRecord {
  readonly type: AttributeType;
  /** Attributes without default are optional or required; `infer` decides. */
  readonly default?: number | string | readonly number[];
  /** Ours alone: not written to files. */
  readonly internal?: boolean;
}

/** What the shape rule may look at: type, and the value where it follows from constants and static shapes. */
export interface InferInput extends TensorType {
  readonly value?: NdArray | undefined;
}

/**
 * A concrete tensor of the reference evaluation. Every element type is held in float64, so float graphs are
 * evaluated in float64 and integers are exact up to 2^53; `uint32` operators wrap by themselves.
 */
export interface NdArray extends TensorType {
  readonly data: Float64Array;
}

/** Work and traffic of one node. */
export interface Cost {
  /** Multiply-accumulate pairs. */
  readonly macs: number;
  /** Floating-point operations: 2 x MACs, plus one per element-wise operation (each function call counts one). */
  readonly flops: number;
}

/** What a gradient rule is given. */
export interface VjpContext<A extends Attributes = Attributes> {
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  readonly attrs: A;
  /** Cotangents of the outputs; `null` where an output does not influence the result. */
  readonly cotangents: readonly (Tensor | null)[];
  /** Whether the cotangent of input `i` is wanted. Rules with expensive parts look here. */
  readonly wants: readonly boolean[];
}

/**
 * Cotangents of the inputs from those of the outputs, as new nodes. `null` says: no influence, or not wanted.
 * A result may be larger than its input by broadcasting: the walker sums it back.
 */
export type Vjp<A extends Attributes = Attributes> = {
  rule(context: VjpContext<A>): readonly (Tensor | null)[];
}["rule"];

export interface EvaluateContext {
  /** Evaluates a sub-graph (operators that hold one). */
  evaluateGraph(graph: Graph, inputs: readonly NdArray[]): NdArray[];
  /** Number of outputs wanted. */
  readonly outputCount: number;
}

/** How a product takes its second input in parts. */
export interface SummedInput<A extends Attributes = Attributes> {
  /** The axis of the second input that is summed over; `null` where the product cannot be taken by parts. */
  axis(inputs: readonly (TensorType | null)[], attrs: A): number | null;
  /** The first output, from all parts in order. What stands in the place of the second input is not looked at. */
  build(inputs: readonly (Tensor | null)[], attrs: A, parts: readonly Tensor[]): Tensor;
}

/** What a rule of `reach` is given. */
export interface ReachContext<A> {
  readonly inputs: readonly (InferInput | null)[];
  readonly outputs: readonly TensorType[];
  readonly attrs: A;
  /** Which output is asked for. */
  readonly output: number;
}

/** One entry for every input. */
export type ReachRule<A> = { rule(context: ReachContext<A>): readonly InputReach[] }["rule"];

/** The windows of an operator over the spatial axes of its first input; of its output where the operator is transposed. */
export interface WindowView extends Window {
  /** Into how many parts the channels fall. */
  readonly groups?: number;
  /** Every input element is spread over a window of the output. */
  readonly isTransposed?: boolean;
}

// Members are methods so that a record with narrower attributes still is an `Op` (bivariance).
export interface Op<A extends Attributes = Attributes> {
  /** The operator's name in ONNX. */
  readonly name: string;
  /** Whose operator it is, where it is not ONNX's own. */
  readonly domain?: string;
  /** Smallest and largest number of inputs. */
  readonly arity: readonly [number, number];
  /** Inputs that may be `null`. Default: those beyond the smallest number, unless there may be any number of them. */
  readonly optionalInputs?: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeRecord>>;
  /** Types of the outputs. Throws ShapeError or InvalidInputError when inputs and attributes do not fit. */
  infer(inputs: readonly (InferInput | null)[], attrs: A, where: string): readonly TensorType[];
  /** Gradient rule; `"none"` where the operator has none (integer results, control flow). */
  readonly vjp: Vjp<A> | "none";
  cost(inputs: readonly (TensorType | null)[], outputs: readonly TensorType[], attrs: A): Cost;
  /** Sliding windows, for operators that have them: what accounting prints, and what an output element sees. */
  window?(inputs: readonly (TensorType | null)[], attrs: A): WindowView;
  /** Reference values in float64. Slow and obvious on purpose. */
  evaluate(inputs: readonly (NdArray | null)[], attrs: A, context: EvaluateContext): readonly NdArray[];
  /**
   * `"preserves"`: an element-wise function that never decreases, and whose gradient vanishes wherever it makes different
   * inputs equal. `"picks"`: every output is one of the inputs, chosen by order alone (the first of equal ones). A pick
   * after a preserving function may be exchanged with it, forward and backward exactly.
   */
  readonly order?: "preserves" | "picks";
  /**
   * The first output computed from parts that the gradient needs too (the columns of a convolution), so that after
   * `simplify` they are computed once. `null` where the operator itself is faster. For use after differentiation.
   */
  fromGradientParts?(inputs: readonly (Tensor | null)[], attrs: A): Tensor | null;
  /**
   * For products: the second input may come in parts along the axis that is summed over. Its gradient then comes in
   * parts too, each ready before the next is begun.
   */
  readonly summed?: SummedInput<A>;
  /**
   * The only output in fewer nodes, bit for bit: a tensor that is there already, or a new node of this operator; `null`
   * where there is nothing to save. Used by `simplify`.
   */
  simpler?(inputs: readonly (Tensor | null)[], outputs: readonly Tensor[]): Tensor | null;
  /** The outputs follow from the types of the inputs: they are known although the inputs are not (Shape, Size). */
  readonly readsTypesOnly?: boolean;
  /** Indices of the inputs whose values the shape rule needs: axes, sizes and factors that ONNX passes as tensors. */
  readonly staticInputs?: readonly number[];
  /**
   * Acts element by element with broadcasting: it may act on many networks at once as it is. The rules of the other
   * operators are in ops/network-axis/rules.ts.
   */
  readonly batch?: "elementwise";
  /**
   * Marks a non-linearity of networks: probes look at its input and output. Outputs outside of `unsaturated` have nearly
   * reached an asymptote; `off` is the value of a unit that is switched off altogether.
   */
  readonly activation?: { readonly unsaturated?: readonly [number, number]; readonly off?: number };
  /** Acts on every channel (axis 1) by itself, whatever the order of the places behind it. */
  readonly isChannelwise?: boolean;
  /**
   * What the elements of an output depend on, axis by axis. Not needed for windows and for element-wise operators; absent
   * elsewhere, nothing is said of receptive fields behind it.
   */
  readonly reach?: ReachRule<A>;
  /** The only output is the first input under another shape or name: a runtime writes nothing. */
  readonly isView?: true;
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
