// How an operator acts on many networks at once: what a rule is given, and what it gives.
import type { Attributes, Graph, Node, Tensor } from "../../tensor.js";
import type { Arrangements, LaneForm, LaneImage } from "./lane-image.js";

/** The arguments of a batching rule. A batched tensor has an additional last axis of size n. */
export interface BatchContext<A extends Attributes = Attributes> {
  /** The node of the single network, with shapes without the network axis. */
  readonly node: Node;
  readonly attrs: A;
  /** The inputs of the ensemble; inputs that all networks share are unchanged. */
  readonly inputs: readonly (Tensor | null)[];
  /** Which inputs have the network axis; at least one does. */
  readonly batched: readonly boolean[];
  /** n. */
  readonly networks: number;
  /** Input `i` with a network axis, of size 1 if it is shared. Shared scalars stay scalars. */
  aligned(i: number): Tensor;
  /** Input `i` with a network axis of size n. */
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

/** The arguments of a batching rule for networks in groups of lanes: images of varying tensors, and shared tensors. */
export interface LaneContext<A extends Attributes = Attributes> {
  readonly node: Node;
  readonly attrs: A;
  readonly inputs: readonly (LaneImage | Tensor | null)[];
  readonly form: LaneForm;
  /** Groups of networks. */
  readonly groups: number;
}

/** The outputs, each in a convenient arrangement; `null` if the rule for the last axis is better. */
export type LaneResult = readonly Arrangements[] | null;

/** The rules of one operator. Members are methods so that narrower attributes fit (bivariance). */
export interface EnsembleRules {
  /** With the networks on the last axis. */
  batch(context: BatchContext): readonly Tensor[];
  /** The same for networks in groups of lanes (ensemble/lanes.ts). Absent, they are brought to the last axis. */
  lanes?(context: LaneContext): LaneResult;
}
