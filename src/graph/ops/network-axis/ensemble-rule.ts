// How an operator acts on many networks at once: what a rule is given, and what it gives.
import type { Attributes, Graph, Node, Tensor } from "../../tensor.js";
import type { Arrangements, LaneForm, LaneImage } from "./lane-image.js";

/** What a batching rule is given. A batched tensor has one more axis than in the single network, the last, of extent n. */
export interface BatchContext<A extends Attributes = Attributes> {
  /** The node of the single network: its shapes are those without the network axis. */
  readonly node: Node;
  readonly attrs: A;
  /** The inputs of the ensemble. Those that all networks share are as they were. */
  readonly inputs: readonly (Tensor | null)[];
  /** Which of them have the network axis. At least one has. */
  readonly batched: readonly boolean[];
  /** n. */
  readonly networks: number;
  /** Input `i` with a network axis, of extent 1 where it is shared. Scalars that are shared stay scalars. */
  aligned(i: number): Tensor;
  /** Input `i` with a network axis of extent n. */
  spread(i: number): Tensor;
  /** The graph for all networks, for operators that hold one; and which outputs have the network axis. */
  batchGraph(
    source: Graph,
    varying: ReadonlySet<Tensor>,
  ): { readonly graph: Graph; readonly batched: readonly boolean[] };
}

/** The outputs for all networks, each with the network axis. */
export type BatchRule<A extends Attributes = Attributes> = {
  rule(context: BatchContext<A>): readonly Tensor[];
}["rule"];

/** What a batching rule for networks in groups of lanes is given: images of what differs, tensors that are shared. */
export interface LaneContext<A extends Attributes = Attributes> {
  readonly node: Node;
  readonly attrs: A;
  readonly inputs: readonly (LaneImage | Tensor | null)[];
  readonly form: LaneForm;
  /** Groups of networks. */
  readonly groups: number;
}

/** The outputs, each in an arrangement that came easily; `null` where the rule for the last axis is better. */
export type LaneResult = readonly Arrangements[] | null;

/** The rules of one operator. Members are methods so that narrower attributes fit (bivariance). */
export interface EnsembleRules {
  /** With the networks on the last axis. */
  batch(context: BatchContext): readonly Tensor[];
  /** The same for networks in groups of lanes (ensemble/lanes.ts). Absent, they are brought to the last axis. */
  lanes?(context: LaneContext): LaneResult;
}
