// How a node of a file becomes graph nodes if its operator's record is not enough.
import type { Attributes, Tensor } from "../../graph/tensor.js";
import type { AttributeProto, NodeProto } from "../file/generated/onnx_pb.js";

/** A node of a file with its inputs in the graph. */
export interface NodeCall {
  readonly node: NodeProto;
  /** File and node, for messages. */
  readonly where: string;
  /** The operator set of the node. */
  readonly opset: number;
  readonly inputs: readonly (Tensor | null)[];
  /** An attribute as the file stores it, even if the record does not know it. */
  attribute(name: string): AttributeProto | undefined;
  /**
   * Applies the record of the form's operator to these inputs, with the node's attributes that the record knows,
   * overridden by `attrs`.
   */
  record(inputs: readonly (Tensor | null)[], attrs?: Attributes): readonly Tensor[];
}

/** The outputs of the node, in order; trailing ones may be omitted if they cannot be used. */
export type ReadNode = (call: NodeCall) => readonly (Tensor | undefined)[];

export interface NodeForm {
  /** The operator whose record the form uses. Default: the node's own. */
  readonly op?: string;
  /** Attributes that the form understands in addition to those of the record. */
  readonly attributes?: readonly string[];
  readonly read: ReadNode;
}

/** `Conv`, or with its domain if that is not ONNX's own: `com.microsoft.Gelu`. */
export function operatorKey({ domain, opType }: NodeProto): string {
  return isStandardDomain(domain) ? opType : `${domain}.${opType}`;
}

export const isStandardDomain = (domain: string): boolean => domain === "" || domain === "ai.onnx";
