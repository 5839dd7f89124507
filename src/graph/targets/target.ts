// Properties of operators that depend on the executor: a target's facts, by operator name.
import type { DType } from "../../core/numbers/dtype.js";
import type { Op } from "../op.js";
import type { Attributes, Node, Tensor } from "../tensor.js";

/** Inputs that are cast to another element type before an operator; outputs are cast back. */
export interface Carried {
  readonly inputs: readonly number[];
  /** For each type without a kernel, another type that holds every result. */
  readonly as: Readonly<Partial<Record<DType, DType>>>;
}

// Members are methods so that facts with narrower attributes are still `TargetFacts` (bivariance).
export interface TargetFacts {
  /** Inputs whose memory the target may overwrite, under these attributes. The writer gives each a private tensor. */
  overwrites?(attrs: Attributes): readonly number[];
  /**
   * The first output in a form whose bits do not depend on the number of threads; `null` if the operator itself is
   * invariant. For use after differentiation.
   */
  threadInvariant?(inputs: readonly (Tensor | null)[], outputs: readonly Tensor[], attrs: Attributes): Tensor | null;
  /** For element-wise functions: the name under which the target's convolutions over blocked channels apply it. */
  readonly fusedActivation?: string;
  /** How to cast elements of types for which the target has no kernel. */
  readonly carried?: Carried;
  /**
   * The outputs as a composition in the operator set of our files, for an operator that is newer, or that the target
   * has no correct kernel for; `null` if it has one. Used by the writer; gradients and accounting see the operator.
   */
  lower?(inputs: readonly (Tensor | null)[], attrs: Attributes, node: Node): readonly Tensor[] | null;
}

export type FactTable = Readonly<Record<string, TargetFacts>>;

/** The properties of an executor on which compilation depends. */
export interface Target {
  readonly name: string;
  /** Facts by the names of ONNX's own operators. Operators of other domains exist only because of the target. */
  readonly facts: FactTable;
  /** Channels per block, if the target has convolutions over blocked channels. */
  readonly blockedChannels?: number;
  /** The largest number of threads up to which `threadInvariant` forms give the same bits; 1 if there is none. */
  readonly mostInvariantThreads?: number;
}

const none: TargetFacts = {};

/** The target's facts about an operator. */
export function factsOf({ facts }: Target, { name, domain }: Op): TargetFacts {
  return domain === undefined && Object.hasOwn(facts, name) ? facts[name] : none;
}

/** Merges several tables, each about one subject; an operator may occur in many of them. */
export function joinedFacts(...tables: readonly FactTable[]): FactTable {
  const joined: Record<string, TargetFacts> = {};
  for (const [name, facts] of tables.flatMap((table) => Object.entries(table)))
    joined[name] = { ...joined[name], ...facts };
  return joined;
}
