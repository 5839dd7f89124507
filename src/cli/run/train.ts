// `trainscope train`: from options to a trial, its progress, its JSON lines and its files.
import { readFile } from "node:fs/promises";
import { exitCodes, InvalidInputError } from "../../core/errors.js";
import type { Dataset } from "../../data/dataset.js";
import type { LayerSpec } from "../../nn/layer.js";
import { modelByName } from "../../nn/models.js";
import { fileSystemError, writeFileAtomic } from "../../node/atomic-file.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import type { TrialEvent } from "../../train/events.js";
import { inferenceModel } from "../../train/export.js";
import { Trial } from "../../train/trial.js";
import type { KindSpec, TrialSpec } from "../../train/trial-spec.js";
import type { CommandContext } from "../command-context.js";
import type { TrainOptions } from "../commands/train.js";
import { watchInterrupts } from "../interrupt.js";
import { formatDuration, formatNumber, jsonLine } from "../output.js";
import { startProgress } from "../progress.js";
import { loadForCommand } from "./load-data.js";

/** Trains one model. Gives the exit code: 1 when the loss stopped being a number, 130 when interrupted. */
export async function runTrain(options: TrainOptions, context: CommandContext): Promise<number> {
  await checkWritable(options);
  const resumeFrom =
    options.resume === undefined ? undefined : { where: options.resume, bytes: await readBytes(options.resume) };
  const model = await readModel(options.model);
  const data = await loadForCommand(options.data, options, context);
  const spec = trialSpec(options, data, model);
  const runtime = nodeRuntime();
  const interrupts = watchInterrupts(context.terminal);
  const trial = new Trial({
    spec,
    data,
    runtime,
    signal: interrupts.signal,
    now: () => performance.now(),
    // Without a file to save to there is nothing to write between the ends.
    ...(options.saveState === undefined ? { checkpointEveryMs: Number.POSITIVE_INFINITY } : {}),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
  });
  try {
    return await new TrainCommand(options, context, trial, data).run();
  } finally {
    interrupts.dispose();
    await trial.dispose();
    await runtime.dispose();
  }
}

/** Follows one trial and tells about it. */
class TrainCommand {
  readonly #options: TrainOptions;
  readonly #context: CommandContext;
  readonly #trial: Trial;
  readonly #data: Dataset;
  #compileMs = 0;
  #trainMs = 0;
  #steps = 0;
  #lastLoss = Number.NaN;
  #threads = 0;
  #epoch: Extract<TrialEvent, { kind: "epoch" }> | undefined;

  constructor(options: TrainOptions, context: CommandContext, trial: Trial, data: Dataset) {
    this.#options = options;
    this.#context = context;
    this.#trial = trial;
    this.#data = data;
  }

  async run(): Promise<number> {
    const { terminal } = this.#context;
    const progress = startProgress({
      terminal,
      total: 1,
      unit: "steps",
      label: `train ${this.#options.model}`,
      quiet: this.#options.quiet,
    });
    let exitCode: number = exitCodes.done;
    try {
      for await (const event of this.#trial.run()) {
        switch (event.kind) {
          case "ready":
            this.#compileMs = event.compileMs;
            progress.setTotal(event.totalSteps);
            progress.line(
              `training on ${this.#data.title}, ${formatNumber(event.totalSteps)} steps${event.step === 0 ? "" : ` from step ${formatNumber(event.step)}`}`,
            );
            break;
          case "steps":
            this.#steps += event.losses.length;
            this.#trainMs += event.durationMs;
            this.#threads = event.threads;
            this.#lastLoss = event.losses[event.losses.length - 1];
            this.#writeSteps(event);
            progress.update(event.first + event.losses.length, { loss: this.#lastLoss });
            break;
          case "epoch":
            this.#epoch = event;
            progress.line(epochText(event));
            break;
          case "checkpoint":
            if (this.#options.saveState !== undefined) await writeFileAtomic(this.#options.saveState, event.bytes);
            break;
          case "diverged":
            progress.line(
              `diverged at step ${formatNumber(event.step)}: loss ${event.loss}, first bad tensor ${event.tensor}. Try a smaller learning rate.`,
            );
            exitCode = exitCodes.failed;
            break;
          case "interrupted":
            progress.line(this.#interruptedText(event.step));
            exitCode = exitCodes.interrupted;
            break;
          case "done":
            break;
        }
      }
    } finally {
      progress.stop();
    }
    await this.#finish(exitCode);
    return exitCode;
  }

  #writeSteps({ first, losses }: Extract<TrialEvent, { kind: "steps" }>): void {
    if (!this.#options.json) return;
    let text = "";
    for (const [i, loss] of losses.entries()) text += jsonLine({ step: first + i, loss });
    this.#context.terminal.write(text);
  }

  #interruptedText(step: number): string {
    const { saveState } = this.#options;
    return saveState === undefined
      ? `interrupted after ${formatNumber(step)} steps; nothing was saved, since --save-state was not given`
      : `interrupted after ${formatNumber(step)} steps; go on with: --resume ${saveState}`;
  }

  async #finish(exitCode: number): Promise<void> {
    const { options, terminal } = { options: this.#options, terminal: this.#context.terminal };
    const split = this.#epoch?.step === this.#trial.losses.length ? this.#epoch.validation : undefined;
    const measured = exitCode === exitCodes.done ? (split ?? (await this.#trial.evaluate("test"))) : undefined;
    if (options.save !== undefined && exitCode === exitCodes.done)
      await writeFileAtomic(options.save, await this.#inferenceModel());
    const seconds = this.#trainMs / 1000;
    const final = {
      // The mean over the last steps is steadier than one batch.
      loss: this.#lastLoss,
      ...(measured === undefined ? {} : { validationLoss: measured.loss }),
      ...(measured?.accuracy === undefined ? {} : { accuracy: measured.accuracy }),
      steps: this.#trial.losses.length,
      seconds,
      stepsPerSecond: this.#steps / Math.max(seconds, 1e-9),
      compileSeconds: this.#compileMs / 1000,
      threads: this.#threads,
      data: this.#data.title,
      status: { [exitCodes.done]: "done", [exitCodes.failed]: "diverged", [exitCodes.interrupted]: "interrupted" }[
        exitCode
      ],
    };
    if (options.json) terminal.write(jsonLine({ final }));
    else if (exitCode === exitCodes.done) terminal.write(finalText(final));
  }

  async #inferenceModel(): Promise<Uint8Array> {
    const { model, data } = this.#trial.spec;
    const metadata = {
      dataset: data.dataset,
      scaling: data.scaling,
      ...(this.#data.normalization === undefined ? {} : { normalization: JSON.stringify(this.#data.normalization) }),
    };
    return inferenceModel({ model, inputShape: this.#data.inputShape, tensors: await this.#trial.tensors(), metadata });
  }
}

function epochText({ epoch, train, validation }: Extract<TrialEvent, { kind: "epoch" }>): string {
  const part = (name: string, { loss, accuracy }: { loss: number; accuracy?: number }): string =>
    `${name} loss ${loss.toFixed(4)}${accuracy === undefined ? "" : `, accuracy ${(100 * accuracy).toFixed(2)} %`}`;
  return `epoch ${epoch}: ${part("training", train)}; ${part("validation", validation)}`;
}

function finalText(final: {
  steps: number;
  validationLoss?: number;
  accuracy?: number;
  seconds: number;
  stepsPerSecond: number;
  threads: number;
  data: string;
}): string {
  const accuracy = final.accuracy === undefined ? "" : `, accuracy ${(100 * final.accuracy).toFixed(2)} %`;
  const threads = `${final.threads} ${final.threads === 1 ? "thread" : "threads"}`;
  return `validation loss ${final.validationLoss?.toFixed(4)}${accuracy} on ${final.data} after ${formatNumber(final.steps)} steps; ${formatDuration(final.seconds)} at ${formatNumber(Math.round(final.stepsPerSecond))} steps/s on ${threads}\n`;
}

function trialSpec(options: TrainOptions, data: Dataset, model: LayerSpec): TrialSpec {
  return {
    schema: 1,
    model: model as KindSpec,
    data: { dataset: data.id, fingerprint: data.fingerprint, scaling: options.scaling },
    loss: options.loss,
    optimizer: options.optimizer,
    schedule: options.schedule,
    batchSize: options.batchSize,
    ...(options.epochs === undefined ? { steps: options.steps as number } : { epochs: options.epochs }),
    order: options.order,
    dropLast: options.dropLast,
    seed: options.seed,
  };
}

/** A catalogue name, or a JSON file. */
async function readModel(model: string): Promise<LayerSpec> {
  if (!/\.json$/i.test(model)) {
    if (/[\\/]|\.onnx$/i.test(model)) {
      throw new InvalidInputError("cannot read this model", {
        where: `model "${model}"`,
        expected: "a catalogue name (lenet5, mlp:784-100-10) or a path ending in .json",
        received: model,
      });
    }
    return modelByName(model);
  }
  const text = new TextDecoder().decode(await readBytes(model));
  try {
    return JSON.parse(text) as LayerSpec;
  } catch (cause) {
    throw new InvalidInputError("not a JSON file", {
      where: model,
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new InvalidInputError("no such file", { where: path, remedy: "Check the path", cause });
    }
    throw fileSystemError(path, "read", cause);
  }
}

/** Finds out before hours of training whether the results can be written. */
async function checkWritable({ save, saveState }: TrainOptions): Promise<void> {
  const { access, constants, stat } = await import("node:fs/promises");
  const { dirname, resolve } = await import("node:path");
  for (const path of [save, saveState]) {
    if (path === undefined) continue;
    const folder = dirname(resolve(path));
    try {
      await access(folder, constants.W_OK);
    } catch (cause) {
      throw fileSystemError(path, "write", cause);
    }
    const entry = await stat(path).catch(() => undefined);
    if (entry?.isDirectory() === true)
      throw new InvalidInputError("is a folder", {
        where: path,
        expected: "a file to write",
        remedy: "Name a file in it",
      });
  }
}
