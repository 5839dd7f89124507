// The short way to train: options in, metric rows out.
import { InvalidInputError } from "../core/errors.js";
import type { MetricRow } from "../core/rows.js";
import type { Dataset } from "../data/dataset.js";
import type { LayerSpec } from "../nn/layer.js";
import type { ProbeSpec } from "../probes/probe-spec.js";
import { arrangedInputs } from "./data/batch.js";
import { fittingLoss } from "./imported/fitting-loss.js";
import type { OnnxNetwork } from "./imported/onnx-network.js";
import { rowsOfEvent, type StepMetric, stepMetrics } from "./metric-rows.js";
import type { Runtime } from "./runtime/runtime.js";
import { dataUse } from "./spec/data-use.js";
import type { KindSpec } from "./spec/kind-spec.js";
import { type TrialSpec, type TrialSpecInput, trialSpec } from "./spec/trial-spec.js";
import { openTrial } from "./trial/trial.js";

const allButAccuracy = stepMetrics.filter((metric) => metric !== "accuracy");

/**
 * What one training needs. Everything but `probes`, `stepMetrics`, `gradientNorm`, `onRemark`, `signal`, `threads` and
 * `runtime` becomes part of the trial's spec.
 */
export interface TrainOptions {
  /** A layer, usually `nn.sequential([...])`, or what `onnxNetwork` read. */
  readonly model: LayerSpec | OnnxNetwork;
  readonly data: Dataset;
  /** `optim.adam({ learningRate: 1e-3 })`. */
  readonly optimizer: { readonly kind: string };
  /** What executes the program: `nodeRuntime()`. It stays yours; dispose it when nothing uses it any more. */
  readonly runtime: Runtime;
  /** Default `nn.crossEntropy()`; for a model from a file the loss that fits its last layer and the targets (`fittingLoss`). */
  readonly loss?: { readonly kind: string };
  /** Learning rate as a function of the step. Default `optim.constant()`: the optimizer's own. */
  readonly schedule?: { readonly kind: string };
  /** Examples in one update. Default 64. */
  readonly batchSize?: number;
  /** Examples in one update as a function of the epoch: `optim.growingBatch({ every: 5 })`. Default `batchSize` throughout. */
  readonly batchSchedule?: { readonly kind: string };
  /** Examples whose activations are in memory at once; gradients are summed over such parts. Default: the whole batch. */
  readonly microBatchSize?: number;
  /** Patterns of parameters and running statistics to freeze: `["0.*"]`. */
  readonly freeze?: readonly string[];
  /** Passes over the training data. Default 1, unless `steps` is given. */
  readonly epochs?: number;
  /** Updates, instead of `epochs`. */
  readonly steps?: number;
  /**
   * `shuffle`, anew in every epoch, or `sequential`, the order of the data. Default `shuffle`. With both an epoch is a
   * pass; `wrapping` is the order of the data in full batches, going on from the end at the beginning. Networks of an ensemble
   * shuffle each for itself; `shared` gives all of them the order of the first, which is faster for many inputs.
   */
  readonly order?: TrialSpec["order"];
  /** Whether to drop a last batch that is smaller than the others. Default false. */
  readonly dropLast?: boolean;
  /** Limits of the gradient: `norm` of all parameters together, `value` of each element. Default none. */
  readonly clip?: TrialSpec["clip"];
  /**
   * How stored values become inputs. Default: as the data set says, else `standardize` where it knows its statistics and
   * `raw` where it does not.
   */
  readonly scaling?: TrialSpec["data"]["scaling"];
  /** Random changes of the images of training batches, in turn: `[nn.randomShift(), nn.randomHorizontalFlip()]`. Default none. */
  readonly augment?: readonly { readonly kind: string }[];
  /**
   * Takes a validation split from the training examples, of each class the same share, drawn by `seed` (default 0). It is
   * measured after every epoch, and the test split once at the end. Default none.
   */
  readonly validation?: { readonly fraction: number; readonly seed?: number };
  /**
   * Ends the training early: `{ kind: "noImprovement", patience: 5 }` after so many epochs in a row without improvement of
   * the validation loss, `{ kind: "lossAbove" }` when the loss rises far above its best. Default never.
   */
  readonly stop?: TrialSpecInput["stop"];
  /** `{ best: "loss" }` or `{ best: "accuracy" }`: the test split is measured with the best weights. Default the last. */
  readonly keep?: TrialSpec["keep"];
  /** Determines initial weights, order and dropout. Default 0. */
  readonly seed?: number;
  /**
   * Trains so many independent networks as one program; number i is what a training with seed `seed + i` gives. For
   * dense and element-wise layers.
   */
  readonly ensemble?: number;
  /** A learning rate for each network of an ensemble, in place of the optimizer's. */
  readonly learningRates?: readonly number[];
  /**
   * What steps tell in rows. Default: loss, learning rate, momentum (of optimizers that have it), batch size, and, where it
   * was asked for or gradients are clipped, the norm of the gradient and whether it was clipped (1 or 0).
   */
  readonly stepMetrics?: readonly StepMetric[];
  /** Whether to measure the norm of the gradient of every step also where it is not clipped. Default false: it takes time. */
  readonly gradientNorm?: boolean;
  /** What to look at on the way, and how often: see `ProbeSpec`. Default nothing. */
  readonly probes?: Partial<ProbeSpec>;
  /** Threads of one step. Default: the faster of one and several (at most four), measured on the first steps. */
  readonly threads?: number;
  /** Takes sentences about a training that will learn less than it seems, before the first row. Default none. */
  readonly onRemark?: (remark: string) => void;
  /** Ends the stream after the segment that is running, within about half a second. */
  readonly signal?: Pick<AbortSignal, "aborted">;
}

/**
 * Trains a model and yields what it measures:
 *
 * - after every step the loss before its update (`phase: "train"`, `metric: "loss"`, fractional `epoch`), and what drove
 *   the update: `learningRate`, `momentum`, `batchSize`, and with `clip` or `gradientNorm` also `gradientNorm` (before
 *   clipping) and `clipped`;
 * - after every epoch the loss and, for classes, the accuracy (0 to 1) of two splits. Those of `train` are means over
 *   the epoch (`over: "epoch"`), while weights change and dropout is active; those of `validation` are of the validation
 *   split after it, or of the test split where there is no validation split;
 * - at the end those of `test`, where a validation split was there for choices.
 *
 * With `probes` there are rows of what they found before a step: `metric: "activations.deviation"` with the `path` of the
 * layer or parameter. The rows of an epoch come after its last step and have a whole `epoch` from 1. Rows of steps arrive
 * in segments of about half a second. A loss that stopped being a number is the last row. The same options and seed give
 * the same rows, bit for bit, on one type of machine.
 *
 * With `ensemble` there is a row for every network, with its number as `network`, where there is one otherwise. A network
 * that diverges has rows with `NaN` from then on; the others go on.
 * @throws InvalidInputError | ShapeError | UnknownNameError before the first row when something does not fit.
 */
export async function* train(options: TrainOptions): AsyncGenerator<MetricRow, void, undefined> {
  const { data, model, runtime, threads, signal, probes, gradientNorm = false } = options;
  const { stepMetrics: metrics = allButAccuracy } = options;
  const isEnsemble = options.ensemble !== undefined || options.learningRates !== undefined;
  const trial = openTrial({
    spec: trialSpecOf(options),
    ...(isNetwork(model) ? { network: model } : {}),
    data,
    runtime,
    checkpointEveryMs: Number.POSITIVE_INFINITY,
    // Rows hold no times, so no clock is needed.
    now: () => 0,
    gradientNorm,
    ...(probes === undefined ? {} : { probes }),
    ...(threads === undefined ? {} : { threads }),
  });
  for (const remark of trial.remarks) options.onRemark?.(remark);
  try {
    for await (const event of trial.run(signal)) {
      // The network of an ensemble is named, even if it is the only one.
      for (const row of rowsOfEvent(trial.id, event, { metrics })) {
        const named = isEnsemble ? { network: 0, ...row } : row;
        // Its step and epoch are those of the step that comes next, which has a loss of its own.
        yield event.kind === "epoch" && row.phase === "train" ? { ...named, over: "epoch" } : named;
      }
    }
  } finally {
    await trial.dispose();
  }
}

function isNetwork(model: LayerSpec | OnnxNetwork): model is OnnxNetwork {
  return "build" in model;
}

/** The complete spec behind the options: what `openTrial` runs and what names the result. */
export function trialSpecOf(options: TrainOptions): TrialSpec {
  const { model, data, optimizer } = options;
  return trialSpec(
    {
      model: isNetwork(model) ? model.spec : model,
      data: dataUse(data, {
        scaling: options.scaling,
        augment: options.augment as readonly KindSpec[] | undefined,
        validation: options.validation,
      }),
      optimizer,
      loss: options.loss ?? (isNetwork(model) ? lossFor(model, options) : undefined),
      schedule: options.schedule,
      clip: options.clip,
      freeze: frozenIn(options),
      batchSize: options.batchSize,
      batchSchedule: options.batchSchedule,
      microBatchSize: options.microBatchSize,
      epochs: options.epochs,
      steps: options.steps,
      order: options.order,
      dropLast: options.dropLast,
      seed: options.seed,
      ensemble: options.ensemble,
      stop: options.stop,
      keep: options.keep,
      learningRates: options.learningRates,
    },
    "train",
  );
}

/** What fits the end of a model from a file. */
function lossFor(model: OnnxNetwork, { data, batchSize = 64 }: TrainOptions): { kind: string; probabilities?: true } {
  const inputShapes = arrangedInputs(data, data.train, model.inputNames).map(({ shape }) => shape.slice(1));
  const { output } = model.build({ mode: "inference", batchSize, inputShapes });
  const { kind, probabilities } = fittingLoss(output, data.train.targets);
  return { kind, ...(probabilities === undefined ? {} : { probabilities }) };
}

/** A model from a file was read with its patterns. */
function frozenIn({ model, freeze }: TrainOptions): readonly string[] | undefined {
  if (!isNetwork(model) || freeze === undefined) return isNetwork(model) ? model.freeze : freeze;
  throw new InvalidInputError("a model from a file is frozen when it is read", {
    where: "train, freeze",
    remedy: "Give the patterns to onnxNetwork: onnxNetwork(bytes, name, { freeze })",
  });
}
