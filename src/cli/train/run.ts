// `trainscope train`: from options to a trial, which is then followed to its end.
import { EnvironmentError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { arrangedInputs } from "../../train/data/batch.js";
import { matchWeights } from "../../train/imported/named-weights.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import { dataUse } from "../../train/spec/data-use.js";
import { type KindSpec, type TrialSpec, trialSpec } from "../../train/spec/trial-spec.js";
import { openTrial, type TrialRequest } from "../../train/trial/trial.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { checkOptions } from "./checks.js";
import { drawnValidation, readData, readOrder } from "./data.js";
import { readState, readWeights } from "./files.js";
import { followTraining } from "./follow.js";
import { chooseLoss } from "./loss.js";
import { readModel, type TrainableModel } from "./model.js";
import type { TrainCommandOptions } from "./options.js";
import { recordTraining } from "./record.js";

/** Trains one model, or an ensemble. Gives the exit code: 1 when every network diverged, 130 when interrupted. */
export async function runTrain(options: TrainCommandOptions, context: CommandContext): Promise<number> {
  const startedAt = new Date().toISOString();
  await checkOptions(options);
  const files = await readFiles(options);
  const interrupts = watchInterrupts(context.terminal);
  // It loads ONNX Runtime while this thread reads the data.
  const runtime = nodeRuntime();
  try {
    const { loss, data, remarks } = await chooseLoss(options, files.model, (wanted) =>
      readData(options, wanted, context, interrupts.signal),
    );
    const model = { ...files.model, remarks: [...files.model.remarks, ...remarks] };
    const trial = openTrial(trialRequest({ ...options, loss }, files, data, runtime));
    const { terminal } = context;
    const ending = await followTraining({ options, terminal, trial, data, model }, interrupts.signal);
    const training = { options, startedAt, ...ending, runtime: runtime.name };
    await Promise.all([recordTraining(training, context), runtime.dispose()]);
    return ending.exitCode;
  } catch (cause) {
    throw memoryError(cause);
  } finally {
    interrupts.dispose();
    // Its programs and tensors go with it.
    await runtime.dispose();
  }
}

/** Options with the loss that was chosen. */
type ResolvedOptions = Omit<TrainCommandOptions, "loss"> & { readonly loss: KindSpec };

/** What the options name by a path, but for the data. */
interface TrainingFiles {
  readonly model: TrainableModel;
  readonly order: TrialSpec["order"];
  readonly rows?: Int32Array;
  /** Tensors by name. */
  readonly weights?: ReadonlyMap<string, TensorData>;
  readonly resumeFrom?: { readonly where: string; readonly bytes: Uint8Array };
}

async function readFiles(options: TrainCommandOptions): Promise<TrainingFiles> {
  const { initial, resume } = options;
  const model = await readModel(options);
  const order = await readOrder(options.order);
  return {
    model,
    ...order,
    ...(initial === undefined ? {} : { weights: await readWeights(initial) }),
    ...(resume === undefined ? {} : { resumeFrom: { where: resume, bytes: await readState(resume) } }),
  };
}

function trialRequest(options: ResolvedOptions, files: TrainingFiles, data: Dataset, runtime: Runtime): TrialRequest {
  const { saveState, checkpointEvery = 10, probes, threads, gradientNorm = false } = options;
  const { model, rows, weights, resumeFrom } = files;
  return {
    spec: specOf(options, files, data),
    network: model.network,
    data,
    runtime,
    now: () => performance.now(),
    // Without a file to save to there is nothing to write between the ends.
    checkpointEveryMs: saveState === undefined ? Number.POSITIVE_INFINITY : 1000 * checkpointEvery,
    gradientNorm,
    ...(probes === undefined ? {} : { probes }),
    ...(threads === undefined ? {} : { threads }),
    ...(rows === undefined ? {} : { rows }),
    ...(weights === undefined ? {} : { initial: initialWeights(options, weights, model, data) }),
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
  };
}

function specOf(options: ResolvedOptions, { model, order }: TrainingFiles, data: Dataset): TrialSpec {
  return trialSpec({
    model: model.spec,
    data: dataUse(data, { scaling: options.scaling, validation: drawnValidation(options), augment: options.augment }),
    loss: options.loss,
    optimizer: options.optimizer,
    schedule: options.schedule,
    clip: options.clip,
    freeze: options.freeze,
    batchSize: options.batchSize,
    batchSchedule: options.batchSchedule,
    microBatchSize: options.microBatchSize,
    epochs: options.epochs,
    steps: options.steps,
    order,
    dropLast: options.dropLast,
    seed: options.seed,
    ensemble: options.ensemble,
    stop: options.stop,
    keep: options.keep,
  });
}

/** What a file gives to every parameter of the model, for the data that it is trained on. */
function initialWeights(
  { initial = "", batchSize }: ResolvedOptions,
  weights: ReadonlyMap<string, TensorData>,
  { network }: TrainableModel,
  data: Dataset,
): Map<string, Float32Array> {
  const inputShapes = arrangedInputs(data, data.train, network.inputNames).map(({ shape }) => shape.slice(1));
  return matchWeights(initial, weights, network.build({ mode: "inference", batchSize, inputShapes }));
}

/** What JavaScript throws when an array cannot be made: the model or the batch is too large. */
function memoryError(cause: unknown): unknown {
  if (!(cause instanceof RangeError) || !/array length|array buffer|allocation/i.test(cause.message)) return cause;
  return new EnvironmentError(`needs more memory than there is (${cause.message})`, {
    where: "trainscope train",
    remedy: "Use a smaller model or a smaller --batch-size",
    cause,
  });
}
