// What is true of an operator only because of what executes it: a target's facts, by operator name.
import type { DType } from "../../core/numbers/dtype.js";
import type { Op } from "../op.js";
import type { Attributes, Node, Tensor } from "../tensor.js";

/** Inputs that are cast to another element type before an operator; outputs are cast back. */
export interface Carried {
  readonly inputs: readonly number[];
  /** The type in whose place another holds every result. */
  readonly as: Readonly<Partial<Record<DType, DType>>>;
}

// Members are methods so that facts with narrower attributes still are `TargetFacts` (bivariance).
export interface TargetFacts {
  /** Inputs whose memory the target may overwrite, under these attributes. The writer gives each a private tensor. */
  overwrites?(attrs: Attributes): readonly number[];
  /**
   * The first output in a form whose bits do not depend on the number of threads; `null` where the operator itself is
   * so. For use after differentiation.
   */
  threadInvariant?(inputs: readonly (Tensor | null)[], outputs: readonly Tensor[], attrs: Attributes): Tensor | null;
  /** For element-wise functions: the name under which the target's convolutions over blocked channels apply it. */
  readonly fusedActivation?: string;
  /** How elements are carried whose type the target has no kernel for. */
  readonly carried?: Carried;
  /**
   * The outputs by operators of the set that our files are written in, for an operator that is newer, or that the target
   * has no right kernel for; `null` where it has one. Used by the writer; gradients and accounting see the operator.
   */
  lower?(inputs: readonly (Tensor | null)[], attrs: Attributes, node: Node): readonly Tensor[] | null;
}

export type FactTable = Readonly<Record<string, TargetFacts>>;

/** What executes a program, as far as compiling depends on it. */
export interface Target {
  readonly name: string;
  /** By name, of operators of ONNX itself. Those of other domains are there because of the target. */
  readonly facts: FactTable;
  /** Channels of a block, where the target has convolutions over blocked channels. */
  readonly blockedChannels?: number;
  /** The largest number of threads up to which `threadInvariant` forms give the same bits; 1 if there is none. */
  readonly mostInvariantThreads?: number;
}

const none: TargetFacts = {};

/** What the target says of an operator. */
export function factsOf({ facts }: Target, { name, domain }: Op): TargetFacts {
  return domain === undefined && Object.hasOwn(facts, name) ? facts[name] : none;
}

/** One table of several, each about one subject: an operator may be in many of them. */
export function joinedFacts(...tables: readonly FactTable[]): FactTable {
  const joined: Record<string, TargetFacts> = {};
  for (const [name, facts] of tables.flatMap((table) => Object.entries(table)))
    joined[name] = { ...joined[name], ...facts };
  return joined;
}
