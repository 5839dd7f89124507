// An ensemble as a program: the body of one network's training step becomes that of many, with the networks on the last
// axis, and the state vectors of all of them lie in one vector each.
import { batchGraph, withNetworkAxis } from "../graph/batching.js";
import { input } from "../graph/build.js";
import { rewriteGraph } from "../graph/graph.js";
import { reshape } from "../graph/ops/shape-movement.js";
import type { Graph, Tensor } from "../graph/tensor.js";
import type { Packing } from "./packing.js";
import type { StateLayout } from "./state-layout.js";

/** What the networks of an ensemble have of their own, beside weights and random numbers. */
export interface EnsembleForm {
  /** n. */
  readonly networks: number;
  /** Whether each takes the examples in an order of its own: rows `[steps, batch, n]`. */
  readonly ownRows: boolean;
  /** Whether each has its own hyperparameters: `[steps, h, n]`. */
  readonly ownHyper: boolean;
}

/** The layout of all networks together: every tensor with a last axis for the networks. */
export function ensembleLayout(single: StateLayout, networks: number): StateLayout {
  const all = (packing: Packing): Packing =>
    packing.map((vector) => ({
      ...vector,
      length: vector.length * networks,
      entries: vector.entries.map(({ path, shape, offset }) => ({
        path,
        shape: [...shape, networks],
        offset: offset * networks,
      })),
    }));
  return { ...single, parameters: all(single.parameters), buffers: all(single.buffers) };
}

/** Names of the tables of a segment that have a column for every network. */
function ownTables({ ownRows, ownHyper }: EnsembleForm): string[] {
  return ["keys", ...(ownRows ? ["rows"] : []), ...(ownHyper ? ["hyper"] : [])];
}

/** What a segment reads, with a network axis on the tables that have one. */
export function ensembleCaptures(captures: readonly Tensor[], form: EnsembleForm): Tensor[] {
  const own = ownTables(form);
  return captures.map((tensor) => (own.includes(tensor.name ?? "") ? withNetworkAxis(tensor, form.networks) : tensor));
}

/**
 * The body of a loop over steps, for all networks. State vectors stay vectors, `[p n]` instead of `[p]`; what is
 * collected gets the network axis.
 * @param state the state vectors among the inputs of the body, those that it hands on and those that it reads.
 */
export function ensembleBody(body: Graph, state: readonly Tensor[], form: EnsembleForm): Graph {
  const { networks } = form;
  const own = ownTables(form);
  const varying = new Set([...state, ...body.inputs.filter(({ name }) => own.includes(name ?? ""))]);
  const many = batchGraph(body, varying, networks).graph;
  const flat = new Map<Tensor, Tensor>();
  const inputs = body.inputs.map((single, i) => {
    if (!state.includes(single)) return many.inputs[i];
    const vector = input(single.name ?? "", single.dtype, [single.shape[0] * networks]);
    flat.set(many.inputs[i], reshape(vector, many.inputs[i].shape));
    return vector;
  });
  const { outputs } = rewriteGraph(many, () => undefined, flat);
  // The first output says whether to go on; then come the vectors that are handed on, as many as go in.
  const handedOn = new Set(body.outputs.filter(({ name }) => name.startsWith("next ")).map(({ name }) => name));
  return {
    inputs,
    outputs: outputs.map(({ name, tensor }) => ({
      name,
      tensor: handedOn.has(name) ? reshape(tensor, [tensor.shape[0] * networks]) : tensor,
    })),
  };
}
