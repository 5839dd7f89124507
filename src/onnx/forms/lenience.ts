// Lets reading continue past unreadable nodes, and records what is lost and why.
import { CorruptFileError, InvalidInputError, TrainscopeError } from "../../core/errors.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { Tensor, TensorType } from "../../graph/tensor.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import { quoted } from "../file/read-values.js";

/** A value of a node: `null` is omitted, `undefined` is lost. */
export type LenientValue = Tensor | null | undefined;

export interface Lenience {
  /** The type that the file declares for a value whose node could not be read, if any. */
  typeOf(name: string): TensorType | undefined;
  /** Called with the reason for every node of the main graph that could not be read. */
  onUnread(
    node: NodeProto,
    inputs: readonly LenientValue[],
    outputs: readonly (Tensor | undefined)[],
    reason: string,
  ): void;
}

/** Names of lost values, each with a description of the node that should have made it. */
export class LostValues {
  readonly #makers = new Map<string, string>();

  has(name: string): boolean {
    return this.#makers.has(name);
  }

  add(name: string, maker: string): void {
    this.#makers.set(name, maker);
  }

  /** The reason why a node that reads the value cannot be read. */
  reason(name: string): string {
    return `its input ${quoted(name)} comes from ${this.#makers.get(name)}, which is unknown`;
  }
}

/**
 * The result of `read`, or the reason for its failure.
 * @param where the node's name in messages, which the reason omits.
 */
export function attempt<T>(where: string, read: () => T): { readonly made: T } | { readonly reason: string } {
  try {
    return { made: read() };
  } catch (cause) {
    // Shape rules trust their inputs, and a strange node may pass anything.
    if (!(cause instanceof TrainscopeError)) return { reason: "its inputs do not fit" };
    const prefix = `${where}: `;
    return { reason: cause.message.startsWith(prefix) ? cause.message.slice(prefix.length) : cause.message };
  }
}

/** Rejects tensors whose number of elements is not a safe integer. */
export function checkCountable(where: string, tensors: readonly (Tensor | undefined)[]): void {
  for (const tensor of tensors) {
    if (tensor === undefined || Number.isSafeInteger(sizeOf(tensor.shape))) continue;
    throw new InvalidInputError("its output has too many elements to count", { where });
  }
}

/** The error for a value that no earlier node makes. */
export function unmade(where: string, name: string, isMadeLater: boolean): CorruptFileError {
  const summary = isMadeLater
    ? `its input ${quoted(name)} is made by the node itself or by a later node`
    : `no node makes its input ${quoted(name)}`;
  return new CorruptFileError(summary, {
    where,
    ...(isMadeLater ? { expected: "nodes in an order in which every value is made before it is used" } : {}),
  });
}
