// The training program: a Loop over the steps of a segment, with state carried and data captured.
//
//   inputs   steps, rows [steps, batch], hyper [steps, h], keys [steps, 2 k], data.inputs, data.targets,
//            state vectors (parameters, one set per slot, buffers)
//   body     rows -> batch -> network -> loss -> gradients -> update
//   outputs  state vectors after the last step, loss [steps], correct [steps]
import { readSpec } from "../core/definition.js";
import type { TensorData } from "../core/tensor-data.js";
import { apply, constant, input, withScope } from "../graph/build.js";
import { exchangePicks } from "../graph/exchange.js";
import { gradients } from "../graph/gradient.js";
import { graph, rewriteGraph } from "../graph/graph.js";
import { loopOp } from "../graph/ops/loop.js";
import type { Op } from "../graph/op.js";
import { gather, split, squeeze } from "../graph/ops/shape-movement.js";
import { polyphasePooling } from "../graph/polyphase.js";
import { shareGradientParts } from "../graph/share.js";
import { simplify } from "../graph/simplify.js";
import type { Graph, Tensor } from "../graph/tensor.js";
import { correctCount, type Loss } from "../nn/losses.js";
import { buildNetwork, type Network } from "../nn/network.js";
import type { LayerSpec } from "../nn/layer.js";
import type { OptimizerPart } from "../optim/optimizer.js";
import { optimizers } from "../optim/optimizers/index.js";
import { type BatchLayout, gatherBatch, splitInputs } from "./batch.js";
import { pack, packedInputs, type Packing, packTensors, unpack } from "./packing.js";

export interface ProgramRequest {
  readonly model: LayerSpec;
  readonly layout: BatchLayout;
  readonly loss: Loss;
  readonly batchSize: number;
}

export interface TrainingRequest extends ProgramRequest {
  readonly optimizer: unknown;
}

/** How the state lies in vectors. The same for every batch size of a model and optimizer. */
export interface StateLayout {
  readonly parameters: Packing;
  readonly buffers: Packing;
  /** Slot names of the optimizer; each has one vector per parameter vector. */
  readonly slots: readonly string[];
}

/** A program ready to be written as an ONNX file, and what the caller must know to feed it. */
export interface Program {
  readonly graph: Graph;
  readonly state: StateLayout;
  /** Names of the carried vectors, in order; outputs have the same name with `next:` before it. */
  readonly stateNames: readonly string[];
  /** Names of the per-step scalars, in the order of the columns of `hyper`. */
  readonly hyperNames: readonly string[];
  /** Number of random keys wanted at every step. */
  readonly randomKeyCount: number;
  readonly batchSize: number;
}

/** The optimizer that a spec stands for, with its options filled in. */
export function readOptimizer(spec: unknown): { part: OptimizerPart<unknown>; spec: { readonly kind: string; readonly learningRate: number } } {
  const { definition, spec: complete } = readSpec("optimizer", "optimizer", optimizers, spec);
  return { part: definition as unknown as OptimizerPart<unknown>, spec: complete as unknown as { kind: string; learningRate: number } };
}

/** Where everything of a network lies. */
export function stateLayout(network: Network, slots: readonly string[]): StateLayout {
  const shapes = (tensors: readonly { path: string; tensor: Tensor }[]) => tensors.map(({ path, tensor }) => ({ path, shape: tensor.shape }));
  return { parameters: packTensors("parameters", shapes(network.parameters)), buffers: packTensors("buffers", shapes(network.buffers)), slots };
}

/** Names of all carried vectors: parameters, slots in order, buffers. */
export function stateNames({ parameters, buffers, slots }: StateLayout): string[] {
  return [
    ...parameters.map(({ name }) => name),
    ...slots.flatMap((slot) => parameters.map(({ name }) => `${slot}:${name}`)),
    ...buffers.map(({ name }) => name),
  ];
}

/** Builds the program that trains `steps` steps of one batch size. */
export function trainingProgram(request: TrainingRequest): Program {
  const { model, layout, loss, batchSize } = request;
  const { part, spec } = readOptimizer(request.optimizer);
  const slots = part.slots(spec);
  const hyperNames = Object.keys(part.hyperparameters(spec, { step: 0, learningRate: spec.learningRate }));
  const template = buildNetwork(model, { mode: "training", batchSize, inputShape: layout.inputShape });
  const state = stateLayout(template, slots);
  const keyCount = template.randomKeys.length;

  // Outside the loop: everything that a segment is given.
  const outer = segmentInputs(layout, batchSize, hyperNames.length, keyCount);
  const carried = carriedInputs(state, "");

  // Inside: the same things under inner names.
  const iteration = input("iteration", "int64", []);
  const condition = input("condition", "bool", []);
  const inner = segmentInputs(layout, batchSize, hyperNames.length, keyCount);
  const innerCarried = carriedInputs(state, "inner:");

  const rows = atStep(inner.rows, iteration);
  const { x, y } = withScope("data", () => gatherBatch(layout, inner.inputs, inner.targets, rows));
  const parameterTensors = unpack(state.parameters, innerCarried.parameters);
  const bufferTensors = unpack(state.buffers, innerCarried.buffers);
  const keys = inner.keys === undefined ? [] : scalars(atStep(inner.keys, iteration), 2 * keyCount);
  const network = bindNetwork(template, x, parameterTensors, bufferTensors, keys);

  const lossValue = withScope("loss", () => loss.build(network.output, y));
  const parameterGradients = gradients({ of: lossValue, withRespectTo: network.parameters });
  const gradientOf = new Map(template.parameters.map(({ path }, i) => [path, parameterGradients[i]]));
  const gradientVectors = pack(state.parameters, (path) => gradientOf.get(path) as Tensor);
  const hyper = scalars(atStep(inner.hyper, iteration), hyperNames.length);
  const updated = withScope("update", () =>
    innerCarried.parameters.map((parameter, v) =>
      part.update(spec, {
        parameter,
        gradient: gradientVectors[v],
        slots: Object.fromEntries(slots.map((slot, s) => [slot, innerCarried.slots[s][v]])),
        hyper: Object.fromEntries(hyperNames.map((name, h) => [name, hyper[h]])),
      }),
    ),
  );
  const nextBuffers = pack(state.buffers, (path) => network.buffers.get(path) as Tensor);
  const next = [...updated.map(({ parameter }) => parameter), ...slots.flatMap((slot) => updated.map((u) => u.slots[slot])), ...nextBuffers];

  const scans: Record<string, Tensor> = { "step loss": lossValue };
  if (loss.targets === "class") scans["step correct"] = correctCount(network.output, y);
  const captures = [inner.inputs, inner.targets, inner.rows, inner.hyper, ...(inner.keys === undefined ? [] : [inner.keys])];
  const innerFlat = [...innerCarried.parameters, ...innerCarried.slots.flat(), ...innerCarried.buffers];
  const step = graph([iteration, condition, ...innerFlat, ...captures], {
    "go on": condition,
    ...Object.fromEntries(next.map((tensor, i) => [`next ${i}`, tensor])),
    ...scans,
  });
  const body = simplify(rewriteGraph(step, shareGradientParts));

  const outerFlat = [...carried.parameters, ...carried.slots.flat(), ...carried.buffers];
  const outerCaptures = [outer.inputs, outer.targets, outer.rows, outer.hyper, ...(outer.keys === undefined ? [] : [outer.keys])];
  const steps = input("steps", "int64", []);
  const results = runBody(steps, outerFlat, outerCaptures, body);
  const names = stateNames(state);
  const outputs: Record<string, Tensor> = {};
  for (const [i, name] of names.entries()) outputs[`next:${name}`] = results[i];
  for (const [i, name] of ["loss", "correct"].slice(0, Object.keys(scans).length).entries()) outputs[name] = results[names.length + i];
  return {
    graph: graph([steps, ...outerFlat, ...outerCaptures], outputs),
    state,
    stateNames: names,
    hyperNames,
    randomKeyCount: keyCount,
    batchSize,
  };
}

/** Builds the program that evaluates: loss summed over examples and number correct, batch by batch. */
export function evaluationProgram({ model, layout, loss, batchSize }: ProgramRequest, slots: readonly string[] = []): Program {
  const template = buildNetwork(model, { mode: "inference", batchSize, inputShape: layout.inputShape });
  const state = stateLayout(template, slots);
  const outer = segmentInputs(layout, batchSize, 0, 0);
  const inner = segmentInputs(layout, batchSize, 0, 0);
  const vectors = [...packedInputs(state.parameters, ""), ...packedInputs(state.buffers, "")];
  const innerParameters = packedInputs(state.parameters, "inner:");
  const innerBuffers = packedInputs(state.buffers, "inner:");
  const iteration = input("iteration", "int64", []);
  const condition = input("condition", "bool", []);

  const rows = atStep(inner.rows, iteration);
  const { x, y } = withScope("data", () => gatherBatch(layout, inner.inputs, inner.targets, rows));
  const network = bindNetwork(template, x, unpack(state.parameters, innerParameters), unpack(state.buffers, innerBuffers), []);
  const scans: Record<string, Tensor> = { "batch loss": withScope("loss", () => loss.build(network.output, y)) };
  if (loss.targets === "class") scans["batch correct"] = correctCount(network.output, y);
  const body = simplify(
    graph([iteration, condition, ...innerParameters, ...innerBuffers, inner.inputs, inner.targets, inner.rows], { "go on": condition, ...scans }),
  );
  const steps = input("steps", "int64", []);
  const results = runBody(steps, [], [...vectors, outer.inputs, outer.targets, outer.rows], body);
  const outputs: Record<string, Tensor> = {};
  for (const [i, name] of ["loss", "correct"].slice(0, Object.keys(scans).length).entries()) outputs[name] = results[i];
  const names = [...state.parameters, ...state.buffers].map(({ name }) => name);
  return {
    graph: graph([steps, ...vectors, outer.inputs, outer.targets, outer.rows], outputs),
    state,
    stateNames: names,
    hyperNames: [],
    randomKeyCount: 0,
    batchSize,
  };
}

/** The Loop: runs a body, which was simplified already, for as many steps as the caller says. */
function runBody(steps: Tensor, carried: readonly Tensor[], captured: readonly Tensor[], body: Graph): readonly Tensor[] {
  const goOn = constant({ dtype: "bool", shape: [], data: Uint8Array.of(1) });
  return apply(loopOp as Op, [steps, goOn, ...carried, ...captured], { body, captured: captured.length });
}

function segmentInputs(layout: BatchLayout, batchSize: number, hyperCount: number, keyCount: number) {
  const perStep = (name: string, dtype: "int32" | "float32" | "uint32", width: number) => input(name, dtype, [1, width], ["steps", null]);
  return {
    ...splitInputs(layout),
    rows: perStep("rows", "int32", batchSize),
    hyper: perStep("hyper", "float32", Math.max(1, hyperCount)),
    ...(keyCount === 0 ? {} : { keys: perStep("keys", "uint32", 2 * keyCount) }),
  } as { inputs: Tensor; targets: Tensor; rows: Tensor; hyper: Tensor; keys?: Tensor };
}

function carriedInputs(state: StateLayout, prefix: string) {
  return {
    parameters: packedInputs(state.parameters, prefix),
    slots: state.slots.map((slot) => packedInputs(state.parameters, `${prefix}${slot}:`)),
    buffers: packedInputs(state.buffers, prefix),
  };
}

/** Row `iteration` of a per-step table. */
function atStep(table: Tensor, iteration: Tensor): Tensor {
  return gather(table, iteration, { axis: 0 });
}

/** The elements of a short vector as scalars. */
function scalars(vector: Tensor, count: number): Tensor[] {
  if (count === 0) return [];
  const parts = count === 1 ? [vector] : split(vector, new Array<number>(count).fill(1), { axis: 0 });
  return parts.map((part) => squeeze(part, [0]));
}

interface BoundNetwork {
  readonly output: Tensor;
  /** In the order of the template's parameters. */
  readonly parameters: readonly Tensor[];
  /** What each buffer becomes, by path. */
  readonly buffers: ReadonlyMap<string, Tensor>;
}

/** The network with its inputs, parameters, buffers and random keys put in place of the template's placeholders. */
function bindNetwork(
  template: Network,
  x: Tensor,
  parameters: ReadonlyMap<string, Tensor>,
  buffers: ReadonlyMap<string, Tensor>,
  keys: readonly Tensor[],
): BoundNetwork {
  const replaced = new Map<Tensor, Tensor>([[template.input, x]]);
  for (const { path, tensor } of template.parameters) replaced.set(tensor, parameters.get(path) as Tensor);
  for (const { path, tensor } of template.buffers) replaced.set(tensor, buffers.get(path) as Tensor);
  for (const [i, key] of template.randomKeys.flatMap(({ tensors }) => tensors).entries()) replaced.set(key, keys[i]);
  const outputs = Object.fromEntries(template.buffers.map(({ path, next }) => [path, next]));
  const bound = polyphasePooling(rewriteGraph(graph([], { ...outputs, "": template.output }), exchangePicks, replaced));
  const byName = new Map(bound.outputs.map(({ name, tensor }) => [name, tensor]));
  return {
    output: byName.get("") as Tensor,
    parameters: template.parameters.map(({ path }) => parameters.get(path) as Tensor),
    buffers: new Map(template.buffers.map(({ path }) => [path, byName.get(path) as Tensor])),
  };
}

/** The number of steps of a segment, as the runtime wants it. */
export const stepCount = (steps: number): TensorData => ({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(steps)) });
