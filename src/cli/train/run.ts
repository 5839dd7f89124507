// `trainscope train`: from options to a trial, its progress, its JSON lines and its files.
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { EnvironmentError, exitCodes, InvalidInputError } from "../../core/errors.js";
import type { Finding } from "../../core/findings.js";
import { writeSafetensors } from "../../core/formats/safetensors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import { lossFunction } from "../../nn/losses.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { arrangedInputs } from "../../train/data/batch.js";
import { matchWeights } from "../../train/imported/named-weights.js";
import { dataUse } from "../../train/spec/data-use.js";
import { type KindSpec, type TrialSpec, trialSpec } from "../../train/spec/trial-spec.js";
import type { Divergence, Evaluation, EventOf, Measured, TrialEvent } from "../../train/trial/events.js";
import { openTrial, type StopSignal, type Trial } from "../../train/trial/trial.js";
import type { CommandContext } from "../command-context.js";
import { watchInterrupts } from "../interrupt.js";
import { formatNumber, jsonLine } from "../output.js";
import { type Progress, startProgress } from "../progress.js";
import { drawnValidation, readData, readOrder } from "./data.js";
import { checkEnsembleOptions, EnsembleCommand } from "./ensemble.js";
import { checkWritable, readState, readWeights, StateFile, writeResult } from "./files.js";
import { readModel, type TrainableModel } from "./model.js";
import type { TrainOptions } from "./options.js";
import { probeDocument, probeText } from "./probe-text.js";
import { recordTraining, trainingFindings } from "./record.js";
import { epochText, type FinalDocument, finalText } from "./text.js";

/** Trains one model. Gives the exit code: 1 when the loss stopped being a number, 130 when interrupted. */
export async function runTrain(options: TrainOptions, context: CommandContext): Promise<number> {
  const startedAt = new Date().toISOString();
  checkThreads(options.threads);
  if (options.ensemble !== undefined) checkEnsembleOptions(options);
  for (const path of [options.save, options.saveState, options.saveWeights])
    if (path !== undefined) await checkWritable(path);
  const model = await readModel(options);
  const { order, rows } = await readOrder(options.order);
  const weights = options.initial === undefined ? undefined : await readWeights(options.initial);
  const resumeFrom =
    options.resume === undefined ? undefined : { where: options.resume, bytes: await readState(options.resume) };
  const interrupts = watchInterrupts(context.terminal);
  // It loads ONNX Runtime while this thread reads the data.
  const runtime = nodeRuntime();
  try {
    const data = await readData(options, lossFunction(options.loss), context, interrupts.signal);
    const initial = weights === undefined ? undefined : initialWeights(options, weights, model, data);
    const request = {
      spec: specOf(options, data, model.spec, order),
      network: model.network,
      data,
      runtime,
      now: () => performance.now(),
      // Without a file to save to there is nothing to write between the ends.
      checkpointEveryMs:
        options.saveState === undefined ? Number.POSITIVE_INFINITY : 1000 * (options.checkpointEvery ?? 10),
      ...(options.probes === undefined ? {} : { probes: options.probes }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
    };
    const given = { ...(rows === undefined ? {} : { rows }), ...(initial === undefined ? {} : { initial }) };
    const trial = openTrial({ ...request, ...given });
    const command =
      options.ensemble === undefined
        ? new TrainCommand(options, context, trial, data, model)
        : new EnsembleCommand(options, context, trial, data);
    const { exitCode, findings } = await command.run(interrupts.signal);
    const training = { options, startedAt, exitCode, findings, runtime: runtime.name };
    await Promise.all([recordTraining(training, context), runtime.dispose()]);
    return exitCode;
  } catch (cause) {
    throw memoryError(cause);
  } finally {
    interrupts.dispose();
    // Its programs and tensors go with it.
    await runtime.dispose();
  }
}

/** What a file gives to every parameter of the model, for the data that it is trained on. */
function initialWeights(
  { initial = "", batchSize }: TrainOptions,
  weights: ReadonlyMap<string, TensorData>,
  { network }: TrainableModel,
  data: Dataset,
): Map<string, Float32Array> {
  const inputShapes = arrangedInputs(data, data.train, network.inputNames).map(({ shape }) => shape.slice(1));
  return matchWeights(initial, weights, network.build({ mode: "inference", batchSize, inputShapes }));
}

/** Many more threads than cores only wait for one another, and thousands exhaust the memory. */
function checkThreads(threads: number | undefined): void {
  const most = Math.max(16, 4 * availableParallelism());
  if (threads === undefined || threads <= most) return;
  throw new InvalidInputError("too many threads", {
    where: "--threads",
    expected: `at most ${most} on this machine`,
    received: `${threads}`,
  });
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

/** How a training ended. */
interface Ending {
  readonly exitCode: number;
  readonly findings: readonly Finding[];
}

/** Follows one trial and tells about it. */
class TrainCommand {
  readonly #options: TrainOptions;
  readonly #context: CommandContext;
  readonly #trial: Trial;
  readonly #data: Dataset;
  readonly #model: TrainableModel;
  readonly #progress: Progress;
  readonly #state: StateFile | undefined;
  #compileMs = 0;
  #trainMs = 0;
  #steps = 0;
  #threads = 0;
  #validation: Evaluation | undefined;
  #divergence: Divergence | undefined;
  #test: Measured | undefined;
  #exitCode: number = exitCodes.done;

  constructor(options: TrainOptions, context: CommandContext, trial: Trial, data: Dataset, trained: TrainableModel) {
    this.#options = options;
    this.#context = context;
    this.#trial = trial;
    this.#data = data;
    this.#model = trained;
    const { model, quiet, saveState } = options;
    this.#progress = startProgress({
      terminal: context.terminal,
      total: 1,
      unit: "steps",
      label: `train ${model}`,
      quiet,
    });
    this.#state = saveState === undefined ? undefined : new StateFile(saveState, (remark) => this.#say(remark));
  }

  async run(signal: StopSignal): Promise<Ending> {
    for (const remark of this.#model.remarks) this.#say(remark);
    try {
      for await (const event of this.#trial.run(signal)) await this.#hear(event);
    } finally {
      this.#progress.stop();
    }
    return this.#finish();
  }

  async #hear(event: TrialEvent): Promise<void> {
    const progress = this.#progress;
    switch (event.kind) {
      case "ready": {
        if (event.step > event.totalSteps) throw furtherThanAsked(this.#options, event.step, event.totalSteps);
        this.#compileMs = event.compileMs;
        progress.setTotal(event.totalSteps);
        const from = event.step === 0 ? "" : ` from step ${formatNumber(event.step)}`;
        progress.line(`training on ${this.#data.title}, ${formatNumber(event.totalSteps)} steps${from}`);
        break;
      }
      case "steps":
        this.#steps += event.losses.length;
        this.#trainMs += event.durationMs;
        this.#threads = event.threads;
        this.#writeSteps(event);
        progress.update(event.first + event.losses.length, { loss: event.losses[event.losses.length - 1] });
        break;
      case "probes":
        if (this.#options.json) this.#context.terminal.write(jsonLine(probeDocument(event.readings[0])));
        break;
      case "epoch":
        this.#validation = event.measured.find(({ phase }) => phase === "validation");
        progress.line(epochText(event));
        break;
      case "test":
        this.#test = event.measured;
        break;
      case "checkpoint":
        await this.#state?.save(event.bytes);
        break;
      case "diverged":
        this.#say(
          `diverged at step ${formatNumber(event.step)}: loss ${event.loss}, first bad tensor ${event.tensor}. Try a smaller learning rate.`,
        );
        this.#divergence = event;
        this.#exitCode = exitCodes.failed;
        break;
      case "interrupted":
        this.#exitCode = exitCodes.interrupted;
        break;
      case "done":
        break;
    }
  }

  /** Says what must be heard even by those who want no progress. */
  #say(text: string): void {
    if (this.#options.quiet) this.#context.terminal.writeError(`${text}\n`);
    else this.#progress.line(text);
  }

  #writeSteps({ first, losses }: EventOf<"steps">): void {
    if (!this.#options.json) return;
    let text = "";
    for (const [i, loss] of losses.entries()) text += jsonLine({ step: first + i, loss });
    this.#context.terminal.write(text);
  }

  #interruptedText(): string {
    const { saveState } = this.#options;
    const steps = formatNumber(this.#trial.history.steps);
    return saveState === undefined
      ? `interrupted after ${steps} steps; nothing was saved, since --save-state was not given\n`
      : `interrupted after ${steps} steps; go on with the same command and --resume ${saveState}\n`;
  }

  /** The results: files first, then the last line, so that who reads it finds the files; a failure to write comes last. */
  async #finish(): Promise<Ending> {
    const { options, terminal } = { options: this.#options, terminal: this.#context.terminal };
    const isDone = this.#exitCode === exitCodes.done;
    const current = this.#validation?.step === this.#trial.history.steps ? this.#validation : undefined;
    const measured = isDone ? (current ?? (await this.#trial.evaluate(this.#trial.everyEpoch ?? "train"))) : undefined;
    const failures: unknown[] = [];
    const note = (cause: unknown): void => void failures.push(cause);
    await this.#state?.finish().catch(note);
    if (isDone) await this.#writeResults().catch(note);
    const final = this.#finalDocument(measured);
    if (options.json) terminal.write(jsonLine({ final }));
    else {
      const half = Math.floor(options.batchSize / 2);
      const looks = this.#trial.probed.map(([reading]) => reading);
      terminal.write(probeText(looks, half, terminal.columns));
      if (isDone) terminal.write(finalText(final));
    }
    if (failures.length > 0) throw failures[0];
    if (this.#exitCode === exitCodes.interrupted && terminal.isClosed !== true) {
      terminal.writeError(this.#interruptedText());
    }
    return { exitCode: this.#exitCode, findings: trainingFindings(final) };
  }

  async #writeResults(): Promise<void> {
    const { save, saveWeights } = this.#options;
    if (save === undefined && saveWeights === undefined) return;
    const tensors = await this.#trial.tensors();
    const { scaling } = this.#trial.spec.data;
    if (saveWeights !== undefined) await writeResult(saveWeights, writeSafetensors(tensors));
    if (save === undefined) return;
    const saved = this.#model.inferenceModel(tensors, { data: this.#data, scaling, path: save });
    // First what the model refers to.
    if (saved.external !== undefined) await writeResult(join(dirname(save), saved.external.name), saved.external.bytes);
    await writeResult(save, saved.model);
  }

  #finalDocument(measured: Measured | undefined): FinalDocument {
    const seconds = this.#trainMs / 1000;
    const { history } = this.#trial;
    return {
      loss: history.steps === 0 ? Number.NaN : history.lossesAt(history.steps - 1)[0],
      ...(measured === undefined
        ? {}
        : { [this.#trial.everyEpoch === undefined ? "trainingLoss" : "validationLoss"]: measured.loss[0] }),
      ...(measured?.accuracy === undefined ? {} : { accuracy: measured.accuracy[0] }),
      ...(this.#test === undefined ? {} : { testLoss: this.#test.loss[0] }),
      ...(this.#test?.accuracy === undefined ? {} : { testAccuracy: this.#test.accuracy[0] }),
      steps: history.steps,
      seconds,
      stepsPerSecond: this.#steps / Math.max(seconds, 1e-9),
      compileSeconds: this.#compileMs / 1000,
      threads: this.#threads,
      data: this.#data.title,
      status: statusOf(this.#exitCode),
      ...(this.#divergence === undefined ? {} : { diverged: divergedPart(this.#divergence) }),
    };
  }
}

function divergedPart({ step, tensor }: Divergence): FinalDocument["diverged"] & {} {
  return { step, ...(tensor === undefined ? {} : { tensor }) };
}

function statusOf(exitCode: number): FinalDocument["status"] {
  if (exitCode === exitCodes.done) return "done";
  return exitCode === exitCodes.failed ? "diverged" : "interrupted";
}

/** The longer training cannot be made shorter: its optimizer and its losses have gone on. */
function furtherThanAsked({ resume = "" }: TrainOptions, step: number, totalSteps: number): InvalidInputError {
  return new InvalidInputError("the checkpoint has gone further than asked for", {
    where: resume,
    expected: `at most ${totalSteps} steps`,
    received: `${step}`,
    remedy: "Give more --steps or --epochs",
  });
}

function specOf(options: TrainOptions, data: Dataset, model: KindSpec, order: TrialSpec["order"]): TrialSpec {
  return trialSpec({
    model,
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
  });
}
