// Reading that goes on where a node cannot be read: what is lost, and why.
import { CorruptFileError, InvalidInputError, TrainscopeError } from "../../core/errors.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { Tensor, TensorType } from "../../graph/tensor.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import { quoted } from "../file/read-values.js";

/** A value of a node: `null` is left out, `undefined` is lost. */
export type LenientValue = Tensor | null | undefined;

export interface Lenience {
  /** The type of a value whose maker could not be read, where the file says it. */
  typeOf(name: string): TensorType | undefined;
  /** Hears of every node of the main graph that could not be read, with the reason. */
  onUnread(
    node: NodeProto,
    inputs: readonly LenientValue[],
    outputs: readonly (Tensor | undefined)[],
    reason: string,
  ): void;
}

/** Names of values that were lost, each with what should have made it. */
export class LostValues {
  readonly #makers = new Map<string, string>();

  has(name: string): boolean {
    return this.#makers.has(name);
  }

  add(name: string, maker: string): void {
    this.#makers.set(name, maker);
  }

  /** Why a node that reads the value cannot be read. */
  reason(name: string): string {
    return `its input ${quoted(name)} comes from ${this.#makers.get(name)}, which is unknown`;
  }
}

/**
 * What `read` makes, or the reason why it cannot.
 * @param where the node, as messages name it: left out of the reason.
 */
export function attempt<T>(where: string, read: () => T): { readonly made: T } | { readonly reason: string } {
  try {
    return { made: read() };
  } catch (cause) {
    // Shape rules take what they are given; a strange node may give them anything.
    if (!(cause instanceof TrainscopeError)) return { reason: "its inputs do not fit" };
    const prefix = `${where}: `;
    return { reason: cause.message.startsWith(prefix) ? cause.message.slice(prefix.length) : cause.message };
  }
}

/** Refuses tensors whose elements cannot even be counted. */
export function checkCountable(where: string, tensors: readonly (Tensor | undefined)[]): void {
  for (const tensor of tensors) {
    if (tensor === undefined || Number.isSafeInteger(sizeOf(tensor.shape))) continue;
    throw new InvalidInputError("its output has more elements than can be counted", { where });
  }
}

/** A value that nothing makes, or only what comes later: no reading goes on from there. */
export function unmade(where: string, name: string, isMadeLater: boolean): CorruptFileError {
  const summary = isMadeLater
    ? `its input ${quoted(name)} is made by itself or by a node behind it`
    : `nothing makes its input ${quoted(name)}`;
  return new CorruptFileError(summary, {
    where,
    ...(isMadeLater ? { expected: "nodes in an order in which every value is made before it is read" } : {}),
  });
}
