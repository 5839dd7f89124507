// The intermediate representation: an immutable graph of ONNX operators over statically shaped tensors.
//
//   Tensor --node--> Node { op, attrs, inputs: Tensor[], outputs: Tensor[] }
//   Graph  { inputs, outputs }: everything reachable from the outputs; nothing else exists.
//
// Tensors point at the nodes that made them, so a graph needs no list of nodes, dead code cannot be
// expressed, and every pass is a function from graph to graph.
import type { DType } from "../core/numbers/dtype.js";
import type { Shape } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import type { Op } from "./op.js";

/** Element type and shape: everything known about a tensor before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A symbolic tensor: one output of a node, or a graph input (`node` absent). */
export interface Tensor extends TensorType {
  /** Unique in the process; says nothing about order of execution. */
  readonly id: number;
  /** Name in prints and in ONNX files. Graph inputs have one. */
  readonly name?: string;
  readonly node?: Node;
  /** Index among the outputs of `node`. */
  readonly outputIndex: number;
  /**
   * For graph inputs: names of axes whose size may differ at run time (`["steps", null]`).
   * The graph must not depend on the size of such an axis, except by preserving it.
   */
  readonly axisNames?: readonly (string | null)[];
}

export type AttributeValue = number | string | readonly number[] | readonly string[] | TensorData | Graph;

/** Attributes under their ONNX names. */
export type Attributes = { readonly [name: string]: AttributeValue | undefined };

/** One application of an operator. */
export interface Node {
  readonly id: number;
  readonly op: Op;
  readonly attrs: Attributes;
  /** `null` stands for an omitted optional input. */
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  /** Its origin in the user's terms, for error messages and prints: `model.layers[0] (conv2d)`. */
  readonly scope?: string;
}

/** A function from tensors to tensors, with names for both. */
export interface Graph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly NamedTensor[];
}

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}
