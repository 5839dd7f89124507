// How a node of a file becomes nodes of a graph where its operator's record alone does not say it.
import type { Attributes, Tensor } from "../../graph/tensor.js";
import type { AttributeProto, NodeProto } from "../file/generated/onnx_pb.js";

/** One node of a file with its inputs in the graph. */
export interface NodeCall {
  readonly node: NodeProto;
  /** File and node, for messages. */
  readonly where: string;
  /** The operator set that the node is written in. */
  readonly opset: number;
  readonly inputs: readonly (Tensor | null)[];
  /** An attribute as the file has it, whether or not a record knows it. */
  attribute(name: string): AttributeProto | undefined;
  /**
   * Applies the record of the form's operator to these inputs. Attributes of the node that the record knows are read;
   * `attrs` come over them.
   */
  record(inputs: readonly (Tensor | null)[], attrs?: Attributes): readonly Tensor[];
}

/** Outputs of the node, in their order; later ones may be left out where they cannot be used. */
export type ReadNode = (call: NodeCall) => readonly (Tensor | undefined)[];

export interface NodeForm {
  /** The operator whose record the form uses; default the node's own. */
  readonly op?: string;
  /** Attributes that the form understands beyond those of the operator's record. */
  readonly attributes?: readonly string[];
  readonly read: ReadNode;
}

/** `Conv`, or with its domain where that is not ONNX's own: `com.microsoft.Gelu`. */
export function operatorKey({ domain, opType }: NodeProto): string {
  return isStandardDomain(domain) ? opType : `${domain}.${opType}`;
}

export const isStandardDomain = (domain: string): boolean => domain === "" || domain === "ai.onnx";
