// What a trial is made of, checked before anything is allocated: network, data, orders of the examples, schedule.
import { InvalidInputError } from "../../core/errors.js";
import type { Dataset, SplitName } from "../../data/dataset.js";
import { withValidation } from "../../data/splits.js";
import { type Loss, lossFunction } from "../../nn/losses.js";
import { layerNetwork, type Network, type NetworkSource } from "../../nn/network.js";
import type { Monitor, ScheduleFunction } from "../../optim/schedule.js";
import { checkMomentum, monitoredBy, scheduleFunction } from "../../optim/schedules.js";
import { type ProbeSpec, readProbeSpec } from "../../probes/probe-spec.js";
import { arrangedInputs, type BatchLayout, batchLayout } from "../data/batch.js";
import { type RowOrder, rowOrder } from "../data/row-order.js";
import { SplitData } from "../data/split-data.js";
import { ensembleLayout } from "../program/ensemble-form.js";
import type { TrainingRequest } from "../program/program-request.js";
import { readOptimizer } from "../program/read-optimizer.js";
import { type StateLayout, stateLayout } from "../program/state-layout.js";
import { readClip } from "../program/update.js";
import type { Runtime } from "../runtime/runtime.js";
import { checkMemory, checkTargets, checkTokens } from "../spec/checks.js";
import { checkFutility } from "../spec/futile.js";
import { specWithArrays } from "../spec/origin.js";
import { type TrialSpec, trialId } from "../spec/trial-spec.js";
import { checkedNetwork } from "./checked-network.js";
import { type EvaluationBatch, evaluationBatch } from "./evaluation/evaluation-batch.js";
import { checkProbeInputs } from "./probe-inputs.js";
import type { TrialRequest } from "./trial-interface.js";

export interface TrialPlan {
  readonly id: string;
  /** Complete, with the hashes of the arrays that were handed in. */
  readonly spec: TrialSpec;
  /** How many are trained; undefined for one network by itself. */
  readonly ensemble: number | undefined;
  readonly runtime: Runtime;
  /** Initial parameters by path instead of those that the seed gives. */
  readonly initial: ReadonlyMap<string, Float32Array> | undefined;
  /** One network, built for the usual batch size. */
  readonly network: Network;
  /** What the programs of one network are made of. */
  readonly program: Omit<TrainingRequest, "batchSize" | "ensemble">;
  readonly splits: ReadonlyMap<SplitName, SplitData>;
  /** Measured after every epoch, for choices: the validation split, or the test split where there is no other. */
  readonly everyEpoch: SplitName | undefined;
  /** Measured once after the last step, for the report: the test split, where another one was there for choices. */
  readonly atEnd: "test" | undefined;
  /** Examples that are measured at once. */
  readonly evaluationBatch: EvaluationBatch;
  /** Of every network, or one that they share. All have the same epochs and batch sizes. */
  readonly orders: readonly RowOrder[];
  readonly schedule: ScheduleFunction;
  /** Whether the schedule goes by what the epochs measured. */
  readonly watchesEpochs: boolean;
  /** Whether anything does: the schedule, the end of the training or the choice of its weights. */
  readonly goesByEpochs: boolean;
  readonly totalSteps: number;
  /** Why the training will learn less than it seems, one sentence each. */
  readonly remarks: readonly string[];
  readonly probes: ProbeSpec | undefined;
  /** State of one network, as part of the trial. */
  readonly single: StateLayout;
  /** State of all networks. */
  readonly state: StateLayout;
  /** Beginning of the keys under which the runtime holds what belongs to this trial. */
  readonly prefix: string;
}

// Two trials of one spec may live in one runtime: their resident tensors need names of their own.
let nextInstance = 0;

/** Reads a request. @throws TrainscopeError for whatever does not fit. */
export function planTrial(request: TrialRequest): TrialPlan {
  const { runtime, initial } = request;
  const spec = specWithArrays(request.spec, request);
  const { validation } = spec.data;
  const data = validation === undefined ? request.data : withValidation(request.data, validation);
  const id = trialId(spec);
  const ensemble = networkCount(spec, request);
  const source = request.network ?? layerNetwork(spec.model, spec.freeze);
  const layout = batchLayout(data, spec.data.scaling, arrangedInputs(data, data.train, source.inputNames));
  const prefix = `${id}.${nextInstance++}/`;
  const splits = splitsOf({ data, spec }, source, layout, prefix);
  const loss = lossFunction(spec.loss);
  const probes = request.probes === undefined ? undefined : readProbeSpec(request.probes);
  const orders = ordersOf(spec, request.rows, ensemble ?? 1, splitOf(splits, "train", data).examples);
  const optimizer = readOptimizer(spec.optimizer);
  const layoutOf = (network: Network): Pick<TrialPlan, "single" | "state"> => {
    const single = stateLayout(network, optimizer, ensemble);
    return { single, state: ensemble === undefined ? single : ensembleLayout(single, ensemble) };
  };
  const network = checkedNetwork(spec, source, layout, orders[0], (plain) =>
    checkMemory(plain, layoutOf(plain).state, runtime.capabilities.memoryBytes),
  );
  if (ensemble !== undefined) checkOwnBeginnings(network);
  checkTargets(network, loss, data);
  checkTokens(network, data, spec.data.scaling);
  if (probes !== undefined) checkProbeInputs(probes, splits, network);
  const schedule = scheduleFunction(spec.schedule);
  checkMomentum(schedule, optimizer);
  const monitors = monitorsOf(spec, loss);
  const totalSteps = spec.steps ?? orders[0].firstStep(spec.epochs ?? 1);
  const { stepsPerEpoch } = orders[0];
  const program = {
    ...{ network: source, layout, loss, optimizer: spec.optimizer },
    ...(spec.clip === undefined ? {} : { clip: readClip(spec.clip) }),
    ...(request.gradientNorm === true ? { gradientNorm: true } : {}),
    ...(spec.microBatchSize === undefined ? {} : { microBatchSize: spec.microBatchSize }),
    ...(spec.data.augment.length === 0 ? {} : { augment: spec.data.augment }),
  };
  const batch = evaluationBatch({
    ...{ program, ensemble },
    trained: Math.min(orders[0].sizeAt(0), spec.microBatchSize ?? Number.POSITIVE_INFINITY),
    examples: [...splits.values()].map((split) => split.examples),
  });
  return {
    ...{ id, spec, ensemble, runtime, initial, network, splits, orders, schedule, probes, prefix, program },
    evaluationBatch: batch,
    ...layoutOf(network),
    ...measuredSplits(splits),
    watchesEpochs: monitors.schedule !== undefined,
    goesByEpochs: Object.values(monitors).some((monitor) => monitor !== undefined),
    totalSteps,
    remarks: [
      ...checkFutility({ spec, network, loss, data, totalSteps, stepsPerEpoch }),
      ...(batch.isFixed ? [fixedBatchRemark(batch.size)] : []),
    ],
  };
}

function fixedBatchRemark(size: number): string {
  return `the model takes batches of ${size} only: splits are measured in such batches, the last one filled up with examples that do not count`;
}

/**
 * What parts of a spec compare epochs by.
 * @throws InvalidInputError for accuracies where there are no right answers.
 */
function monitorsOf({ schedule, stop, keep }: TrialSpec, loss: Loss): Record<string, Monitor | undefined> {
  const monitors = {
    schedule: monitoredBy(schedule),
    stop: stop?.kind === "noImprovement" ? stop.monitor : undefined,
    keep: keep?.best,
  };
  const [where] = Object.entries(monitors).find(([, monitor]) => monitor === "accuracy") ?? [];
  if (where === undefined || loss.correct !== undefined) return monitors;
  throw new InvalidInputError(`${loss.kind} knows no right answers, so that there is no accuracy`, {
    where,
    expected: "loss",
    received: "accuracy",
  });
}

/** @throws InvalidInputError when the network brings its initial weights along. */
function checkOwnBeginnings({ parameters }: Network): void {
  if (parameters.every(({ value }) => value === undefined)) return;
  throw new InvalidInputError("a model from a file has its initial weights inside, so that all networks would be one", {
    where: "ensemble",
    expected: "a model of layers",
    received: "a model from a file",
  });
}

/** A split of a trial. @throws InvalidInputError where there is none. */
export function splitOf(splits: TrialPlan["splits"], name: SplitName, { id }: Pick<Dataset, "id">): SplitData {
  const split = splits.get(name);
  if (split !== undefined) return split;
  throw new InvalidInputError("no examples are held out", { where: `data (${id})` });
}

function measuredSplits(splits: TrialPlan["splits"]): Pick<TrialPlan, "everyEpoch" | "atEnd"> {
  const hasTest = splits.has("test");
  if (splits.has("validation")) return { everyEpoch: "validation", atEnd: hasTest ? "test" : undefined };
  return { everyEpoch: hasTest ? "test" : undefined, atEnd: undefined };
}

function splitsOf(
  { data, spec }: { readonly data: Dataset; readonly spec: TrialSpec },
  { inputNames }: NetworkSource,
  layout: BatchLayout,
  prefix: string,
): Map<SplitName, SplitData> {
  const splits = new Map<SplitName, SplitData>();
  for (const name of ["train", "validation", "test"] as const) {
    const split = data[name];
    if (split === undefined) continue;
    const arranged = arrangedInputs(data, split, inputNames);
    splits.set(
      name,
      new SplitData({ layout, arranged, split, count: spec.data.examples?.[name], keyPrefix: `${prefix}${name}.` }),
    );
  }
  return splits;
}

function ordersOf(spec: TrialSpec, rows: TrialRequest["rows"], networks: number, examples: number): RowOrder[] {
  const count = spec.order === "shuffle" ? networks : 1;
  return Array.from({ length: count }, (_, i) => rowOrder({ ...spec, seed: spec.seed + i }, rows, examples));
}

/**
 * How many networks a spec asks for; undefined for one by itself.
 * @throws InvalidInputError for what only one network can have.
 */
function networkCount(
  { ensemble, batchSchedule, data: { augment } }: TrialSpec,
  { rows, initial }: Pick<TrialRequest, "rows" | "initial">,
): number | undefined {
  if (ensemble === undefined) return undefined;
  if (batchSchedule !== undefined) {
    throw new InvalidInputError("an ensemble has one batch size", {
      where: "batchSchedule",
      remedy: "Leave it out, or train the networks one by one",
    });
  }
  if (augment.length > 0) {
    throw new InvalidInputError("an ensemble trains on the images as they are", {
      where: "data.augment",
      remedy: "Leave it out, or train the networks one by one",
    });
  }
  for (const [where, given] of Object.entries({ rows, initial })) {
    if (given === undefined) continue;
    throw new InvalidInputError("an ensemble takes its examples and initial weights by the seeds of its networks", {
      where,
      remedy: "Leave it out, or train the networks one by one",
    });
  }
  return ensemble;
}
