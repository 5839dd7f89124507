// Ensemble programs: the body of one network's training step becomes the body for many, with the networks on the last
// axis; corresponding state vectors of all networks are joined into one.
import { sizeOf } from "../../core/numbers/shape.js";
import { input } from "../../graph/build.js";
import { batchGraph, withNetworkAxis } from "../../graph/ensemble/batching.js";
import { laneOutputs } from "../../graph/ensemble/lanes.js";
import { rewriteGraph } from "../../graph/graph.js";
import { gather, reshape } from "../../graph/ops/movement/shape-movement.js";
import {
  groupCount,
  type LaneForm,
  LaneImage,
  lanesToLast,
  lastToLanes,
} from "../../graph/ops/network-axis/lane-image.js";
import { stepFunctions } from "../../graph/passes/step-function.js";
import type { Target } from "../../graph/targets/target.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import type { Network } from "../../nn/network.js";
import type { Packing } from "./packing.js";
import type { StateLayout } from "./state-layout.js";

/** What varies between the networks of an ensemble, besides weights and random numbers. */
export interface EnsembleForm {
  /** n. */
  readonly networks: number;
  /** Number of networks of the whole ensemble, which determines the state layout, if these are only a share. */
  readonly of?: number;
  /** Whether each network has its own order of examples: rows `[steps, batch, n]`. */
  readonly ownRows: boolean;
  /** Whether each has its own hyperparameters: `[steps, h, n]`. */
  readonly ownHyper: boolean;
  /** Networks per group, if products are convolutions over blocks (`lanes.ts`). Absent: networks on the last axis. */
  readonly lanes?: number;
}

/** The joint layout of all networks: every tensor has a last axis for the networks. */
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

/** Names of a segment's tables with a column per network. */
function ownTables({ ownRows, ownHyper }: EnsembleForm): string[] {
  return ["keys", ...(ownRows ? ["rows"] : []), ...(ownHyper ? ["hyper"] : [])];
}

/**
 * The inputs of a segment, with a network axis where needed. Rows in groups are `[steps, g, batch, lanes]`, so that
 * the rows of a step are contiguous.
 */
export function ensembleCaptures(captures: readonly Tensor[], form: EnsembleForm): Tensor[] {
  const own = ownTables(form);
  return captures.map((tensor) => {
    const { name = "", dtype, shape } = tensor;
    if (!own.includes(name)) return tensor;
    const { networks, lanes } = form;
    if (name !== "rows" || lanes === undefined) return withNetworkAxis(tensor, networks);
    const groups = groupCount({ networks, lanes });
    return input(name, dtype, [shape[0], groups, shape[1], lanes], ["steps", null, null, null]);
  });
}

/**
 * Converts state vectors between the forms outside and inside the loop: `[p n]` to `[g, p, lanes]`, and back. A
 * loop-carried value must not come from a Reshape, because ONNX Runtime would copy it.
 */
export function carriedInLanes(vector: Tensor, form: LaneForm): Tensor {
  return lastToLanes(vector, [vector.shape[0] / form.networks], form);
}

export function carriedFromLanes(vector: Tensor, form: LaneForm): Tensor {
  const last = lanesToLast(vector, [vector.shape[1]], form);
  return reshape(last, [sizeOf(last.shape)]);
}

/** `ensembleBody` with the networks in groups of lanes; a state vector is `[g, p, lanes]`. */
export function laneBody(body: Graph, step: LaneStep, form: EnsembleForm & LaneForm, target: Target): Graph {
  const stepwise = rewriteGraph(body, stepFunctions);
  const own = ownTables(form);
  const inputs = ensembleCaptures(body.inputs, form);
  const images = new Map<Tensor, LaneImage>();
  for (const [i, single] of body.inputs.entries()) {
    const { name = "", dtype, shape } = single;
    if (step.carried.includes(single)) {
      inputs[i] = input(name, dtype, [groupCount(form), shape[0], form.lanes]);
      images.set(single, new LaneImage(single, form, { lanes: inputs[i] }));
    } else if (name === "rows" && form.ownRows) {
      const lanes = gather(inputs[i], step.iteration, { axis: 0 });
      images.set(step.rows, new LaneImage(step.rows, form, { lanes }));
    } else if (own.includes(name)) images.set(single, new LaneImage(single, form, { last: inputs[i] }));
  }
  const results = laneOutputs(stepwise, images, form, target);
  const handedOn = (name: string): boolean => name.startsWith("next ");
  return {
    inputs,
    outputs: body.outputs.map(({ name }, i) => {
      const result = results[i];
      if (!(result instanceof LaneImage)) return { name, tensor: result };
      return { name, tensor: handedOn(name) ? result.lanes : result.last };
    }),
  };
}

/** The parts of a step that the conversion needs: the carried values, and the rows read from their table. */
export interface LaneStep {
  readonly iteration: Tensor;
  readonly carried: readonly Tensor[];
  readonly rows: Tensor;
}

/**
 * The body of a loop over steps, for all networks. State vectors stay vectors, `[p n]` instead of `[p]`; scan
 * outputs get the network axis.
 * @param state the state vectors among the inputs of the body, both carried and read-only.
 */
export function ensembleBody(body: Graph, state: readonly Tensor[], form: EnsembleForm): Graph {
  const { networks } = form;
  const own = ownTables(form);
  const varying = new Set([...state, ...body.inputs.filter(({ name }) => own.includes(name ?? ""))]);
  const many = batchGraph(body, varying, networks).graph;
  const vectors = new Map<Tensor, Tensor>();
  const inputs = body.inputs.map((single, i) => {
    if (!state.includes(single)) return many.inputs[i];
    const vector = input(single.name ?? "", single.dtype, [single.shape[0] * networks]);
    vectors.set(many.inputs[i], reshape(vector, many.inputs[i].shape));
    return vector;
  });
  const { outputs } = rewriteGraph(many, () => undefined, vectors);
  // The first output is the loop condition, then one output per loop-carried input.
  const handedOn = new Set(body.outputs.filter(({ name }) => name.startsWith("next ")).map(({ name }) => name));
  return {
    inputs,
    outputs: outputs.map(({ name, tensor }) => ({
      name,
      tensor: handedOn.has(name) ? reshape(tensor, [tensor.shape[0] * networks]) : tensor,
    })),
  };
}

// Wider matrices are faster as separate products; with few networks most lanes would be empty.
const widestInLanes = 32;
const fewestInLanes = 32;

/** Whether groups of lanes are faster: many networks with narrow layers. */
export function gainsFromLanes({ parameters, frozen }: Network, networks: number): boolean {
  const matrices = [...parameters, ...frozen].filter(({ tensor: { shape } }) => shape.length > 1);
  const isNarrow = matrices.every(({ tensor: { shape } }) => shape.length === 2 && Math.max(...shape) <= widestInLanes);
  return networks >= fewestInLanes && matrices.length > 0 && isNarrow;
}
