// One training step as symbolic tensors: rows -> batch -> network -> loss -> gradients -> update.
import { input } from "../../graph/build.js";
import { gather, squeeze } from "../../graph/ops/movement/shape-movement.js";
import { split } from "../../graph/ops/movement/slicing.js";
import type { Tensor } from "../../graph/tensor.js";
import type { TargetCounts } from "../../nn/losses/loss.js";
import { type BatchLayout, splitInputs } from "../data/batch.js";
import {
  type BackwardInputs,
  type BackwardResults,
  microBatches,
  type WholeBatch,
  type WholeBatchOptions,
  wholeBatch,
} from "./backward.js";
import { packedInputs } from "./packing.js";
import type { TrainingRequest } from "./program-request.js";
import { readOptimizer } from "./read-optimizer.js";
import { type StateLayout, stateLayout } from "./state-layout.js";
import { type GradientMeasures, gradientMeasures, gradientPoint, updatedVectors } from "./update.js";

export interface TrainingStep {
  readonly state: StateLayout;
  /** Names of the per-step scalars, in the order of the columns of `hyper`. */
  readonly hyperNames: readonly string[];
  /** Names of the random streams that need a key: of layers, then of augmentations. */
  readonly randomStreams: readonly string[];
  /** The index of the step in its segment, and the loop condition, as a Loop passes them to its body. */
  readonly iteration: Tensor;
  readonly condition: Tensor;
  /** State vectors in the order of `stateNames`, before the step and after it. */
  readonly carried: readonly Tensor[];
  readonly next: readonly Tensor[];
  /** Read-only inputs of the step: examples and per-step tables. */
  readonly captures: readonly Tensor[];
  /** The inputs of the batch. */
  readonly given: BackwardInputs;
  /** Computes the batch at once, regardless of micro-batches. */
  readonly batch: WholeBatch;
  readonly loss: Tensor;
  /** Number of correct predictions in the batch; absent for regression. */
  readonly correct?: Tensor;
  /** Divisors of the loss and of the number correct; absent if both are means over examples. */
  readonly counts?: TargetCounts;
  /** Absent where nobody asked and nothing is clipped. */
  readonly gradient?: GradientMeasures;
}

/** Builds one step. Everything that it reads is an input under an inner name. */
export function trainingStep(request: TrainingRequest, options: WholeBatchOptions = {}): TrainingStep {
  const { network, layout, batchSize, optimizer, microBatchSize = batchSize, augment = [] } = request;
  const update = { ...request, optimizer: readOptimizer(optimizer) };
  const { part, spec } = update.optimizer;
  const hyperNames = Object.keys(part.hyperparameters(spec, { step: 0, learningRate: spec.learningRate }));
  const inputShapes = layout.inputs.map(({ shape }) => shape);
  const template = network.build({ mode: "training", batchSize, inputShapes });
  const state = stateLayout(template, update.optimizer, request.ensemble?.of ?? request.ensemble?.networks);
  const randomStreams = [
    ...template.randomKeys.map((_, layer) => `dropout ${layer}`),
    ...augment.map((_, number) => `augment ${number}`),
  ];
  const keyCount = randomStreams.length;
  const iteration = input("iteration", "int64", []);
  const condition = input("condition", "bool", []);
  const tables = segmentInputs(layout, batchSize, hyperNames.length, keyCount);
  const carried = carriedInputs(state, "inner:");

  const hyperValues = scalars(atStep(tables.hyper, iteration), hyperNames.length);
  const hyper = Object.fromEntries(hyperNames.map((name, h) => [name, hyperValues[h]]));
  const given = {
    ...tables,
    rows: atStep(tables.rows, iteration),
    parameters: gradientPoint({ ...update, state }, { ...carried, hyper }),
    buffers: carried.buffers,
    keys: tables.keys === undefined ? [] : scalars(atStep(tables.keys, iteration), 2 * keyCount),
  };
  const whole = wholeBatch({ ...request, state }, given, options);
  const backward: BackwardResults =
    microBatchSize < batchSize ? microBatches({ ...request, state }, given, microBatchSize) : whole;
  const isMeasured = (request.gradientNorm === true || request.clip !== undefined) && backward.gradients.length > 0;
  return {
    state,
    hyperNames,
    randomStreams,
    iteration,
    condition,
    carried: flatState(carried),
    next: [...updatedVectors({ ...update, state }, { ...carried, hyper }, backward.gradients), ...backward.buffers],
    captures: captured(tables),
    given,
    batch: whole,
    loss: backward.loss,
    ...(backward.correct === undefined ? {} : { correct: backward.correct }),
    ...(backward.counts === undefined ? {} : { counts: backward.counts }),
    ...(isMeasured ? { gradient: gradientMeasures(backward.gradients, request.clip) } : {}),
  };
}

/** Graph inputs of a segment: examples, and tables with one row per step. */
export interface SegmentInputs {
  readonly inputs: readonly Tensor[];
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
  return [...inputs, targets, rows, hyper, ...(keys === undefined ? [] : [keys])];
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
    slots: Object.keys(state.slots).map((slot) => packedInputs(state.parameters, `${prefix}${slot}:`)),
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
