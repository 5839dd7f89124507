// One training step as symbolic tensors: rows -> batch -> network -> loss -> gradients -> update.
import { input, withScope } from "../graph/build.js";
import { exchangePicks } from "../graph/exchange.js";
import { gradients } from "../graph/gradient.js";
import { graph, rewriteGraph } from "../graph/graph.js";
import { gather, split, squeeze } from "../graph/ops/shape-movement.js";
import { polyphasePooling } from "../graph/polyphase.js";
import type { Tensor } from "../graph/tensor.js";
import { correctCount } from "../nn/losses.js";
import { buildNetwork, type Network } from "../nn/network.js";
import { type BatchLayout, gatherBatch, splitInputs } from "./batch.js";
import { pack, packedInputs, unpack } from "./packing.js";
import { readOptimizer, type TrainingRequest } from "./program-request.js";
import { type StateLayout, stateLayout } from "./state-layout.js";

export interface TrainingStep {
  readonly state: StateLayout;
  /** Names of the per-step scalars, in the order of the columns of `hyper`. */
  readonly hyperNames: readonly string[];
  readonly randomKeyCount: number;
  /** The number of the step in its segment, and whether to go on: what a Loop hands to its body. */
  readonly iteration: Tensor;
  readonly condition: Tensor;
  /** State vectors in the order of `stateNames`, before the step and after it. */
  readonly carried: readonly Tensor[];
  readonly next: readonly Tensor[];
  /** What the step reads unchanged: examples and per-step tables. */
  readonly captures: readonly Tensor[];
  /** Parameters and buffers by path, as the network sees them. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly loss: Tensor;
  /** Right answers in the batch; absent for regression. */
  readonly correct?: Tensor;
}

/** Builds one step. Everything that it reads is an input under an inner name. */
export function trainingStep({ model, layout, loss, batchSize, optimizer }: TrainingRequest): TrainingStep {
  const { part, spec } = readOptimizer(optimizer);
  const slots = part.slots(spec);
  const hyperNames = Object.keys(part.hyperparameters(spec, { step: 0, learningRate: spec.learningRate }));
  const template = buildNetwork(model, { mode: "training", batchSize, inputShape: layout.inputShape });
  const state = stateLayout(template, slots);
  const keyCount = template.randomKeys.length;
  const iteration = input("iteration", "int64", []);
  const condition = input("condition", "bool", []);
  const tables = segmentInputs(layout, batchSize, hyperNames.length, keyCount);
  const carried = carriedInputs(state, "inner:");

  const rows = atStep(tables.rows, iteration);
  const { x, y } = withScope("data", () => gatherBatch(layout, tables.inputs, tables.targets, rows));
  const tensors = new Map([...unpack(state.parameters, carried.parameters), ...unpack(state.buffers, carried.buffers)]);
  const keys = tables.keys === undefined ? [] : scalars(atStep(tables.keys, iteration), 2 * keyCount);
  const network = bindNetwork(template, x, tensors, keys);
  const lossValue = withScope("loss", () => loss.build(network.output, y));

  const parameterGradients = gradients({
    of: lossValue,
    withRespectTo: template.parameters.map(({ path }) => tensors.get(path) as Tensor),
  });
  const gradientOf = new Map(template.parameters.map(({ path }, i) => [path, parameterGradients[i]]));
  const gradientVectors = pack(state.parameters, (path) => gradientOf.get(path) as Tensor);
  const hyper = scalars(atStep(tables.hyper, iteration), hyperNames.length);
  const updated = withScope("update", () =>
    carried.parameters.map((parameter, v) =>
      part.update(spec, {
        parameter,
        gradient: gradientVectors[v],
        slots: Object.fromEntries(slots.map((slot, s) => [slot, carried.slots[s][v]])),
        hyper: Object.fromEntries(hyperNames.map((name, h) => [name, hyper[h]])),
      }),
    ),
  );
  return {
    state,
    hyperNames,
    randomKeyCount: keyCount,
    iteration,
    condition,
    carried: flatState(carried),
    next: [
      ...updated.map(({ parameter }) => parameter),
      ...slots.flatMap((slot) => updated.map((result) => result.slots[slot])),
      ...pack(state.buffers, (path) => network.buffers.get(path) as Tensor),
    ],
    captures: captured(tables),
    tensors,
    loss: lossValue,
    ...(loss.targets === "class" ? { correct: correctCount(network.output, y) } : {}),
  };
}

/** Graph inputs of a segment: examples, and one row per step of everything that varies. */
export interface SegmentInputs {
  readonly inputs: Tensor;
  readonly targets: Tensor;
  readonly rows: Tensor;
  readonly hyper: Tensor;
  readonly keys?: Tensor;
}

export function segmentInputs(
  layout: BatchLayout,
  batchSize: number,
  hyperCount: number,
  keyCount: number,
): SegmentInputs {
  const perStep = (name: string, dtype: "int32" | "float32" | "uint32", width: number) =>
    input(name, dtype, [1, width], ["steps", null]);
  return {
    ...splitInputs(layout),
    rows: perStep("rows", "int32", batchSize),
    hyper: perStep("hyper", "float32", Math.max(1, hyperCount)),
    ...(keyCount === 0 ? {} : { keys: perStep("keys", "uint32", 2 * keyCount) }),
  };
}

/** The inputs of a segment as the captures of a Loop. */
export function captured({ inputs, targets, rows, hyper, keys }: SegmentInputs): Tensor[] {
  return [inputs, targets, rows, hyper, ...(keys === undefined ? [] : [keys])];
}

interface CarriedInputs {
  readonly parameters: readonly Tensor[];
  /** One list for each slot. */
  readonly slots: readonly (readonly Tensor[])[];
  readonly buffers: readonly Tensor[];
}

export function carriedInputs(state: StateLayout, prefix: string): CarriedInputs {
  return {
    parameters: packedInputs(state.parameters, prefix),
    slots: state.slots.map((slot) => packedInputs(state.parameters, `${prefix}${slot}:`)),
    buffers: packedInputs(state.buffers, prefix),
  };
}

/** Carried vectors in the order of `stateNames`. */
export function flatState({ parameters, slots, buffers }: CarriedInputs): Tensor[] {
  return [...parameters, ...slots.flat(), ...buffers];
}

/** Row `iteration` of a per-step table. */
export function atStep(table: Tensor, iteration: Tensor): Tensor {
  return gather(table, iteration, { axis: 0 });
}

/** The elements of a short vector as scalars. */
function scalars(vector: Tensor, count: number): Tensor[] {
  if (count === 0) return [];
  const parts = count === 1 ? [vector] : split(vector, new Array<number>(count).fill(1), { axis: 0 });
  return parts.map((part) => squeeze(part, [0]));
}

export interface BoundNetwork {
  readonly output: Tensor;
  /** What each buffer becomes, by path. */
  readonly buffers: ReadonlyMap<string, Tensor>;
}

/** The network with its inputs, parameters, buffers and random keys put in place of the template's placeholders. */
export function bindNetwork(
  template: Network,
  x: Tensor,
  tensors: ReadonlyMap<string, Tensor>,
  keys: readonly Tensor[],
): BoundNetwork {
  const replaced = new Map<Tensor, Tensor>([[template.input, x]]);
  for (const { path, tensor } of [...template.parameters, ...template.buffers])
    replaced.set(tensor, tensors.get(path) as Tensor);
  for (const [i, key] of template.randomKeys.flatMap(({ tensors }) => tensors).entries()) replaced.set(key, keys[i]);
  const outputs = Object.fromEntries(template.buffers.map(({ path, next }) => [path, next]));
  const bound = polyphasePooling(rewriteGraph(graph([], { ...outputs, "": template.output }), exchangePicks, replaced));
  const byName = new Map(bound.outputs.map(({ name, tensor }) => [name, tensor]));
  return {
    output: byName.get("") as Tensor,
    buffers: new Map(template.buffers.map(({ path }) => [path, byName.get(path) as Tensor])),
  };
}
