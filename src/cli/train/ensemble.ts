// `trainscope train --ensemble`: many networks as one program, their JSON lines, and how their results are distributed.
import { exitCodes, InvalidInputError } from "../../core/errors.js";
import type { Finding } from "../../core/findings.js";
import { writeSafetensors } from "../../core/formats/safetensors.js";
import { mean, quantile, sampleStandardDeviation } from "../../core/statistics/statistics.js";
import type { Dataset } from "../../data/dataset.js";
import type { Divergence, Evaluation, EventOf, Measured, ProbeReading, TrialEvent } from "../../train/trial/events.js";
import type { StopSignal, Trial } from "../../train/trial/trial.js";
import type { CommandContext } from "../command-context.js";
import { formatDuration, formatNumber, jsonLine } from "../output.js";
import { type Progress, startProgress } from "../progress.js";
import { StateFile, writeResult } from "./files.js";
import type { TrainOptions } from "./options.js";
import { probeDocument, probeText } from "./probe-text.js";

/** How one number is distributed over the networks that did not diverge. */
export interface Distribution {
  /** Networks that count. */
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation; absent for a single network. */
  readonly deviation?: number;
  /** At the probabilities that are the names: `0` is the smallest, `0.5` the median. */
  readonly quantiles: Readonly<Record<string, number>>;
}

/** The last line of `--json`. */
interface EnsembleDocument {
  readonly ensemble: number;
  /** Of the last step, before its update. */
  readonly loss?: Distribution;
  /** Of the held-out split after training, or of the training split where no examples are held out. */
  readonly validationLoss?: Distribution;
  readonly trainingLoss?: Distribution;
  readonly accuracy?: Distribution;
  /** Of the test split after training, where a validation split was there for choices. */
  readonly testLoss?: Distribution;
  readonly testAccuracy?: Distribution;
  /** Each network that diverged, and when. */
  readonly diverged: { readonly count: number; readonly networks: readonly Pick<Divergence, "network" | "step">[] };
  readonly steps: number;
  readonly seconds: number;
  readonly stepsPerSecond: number;
  readonly compileSeconds: number;
  readonly threads: number;
  readonly data: string;
  readonly status: "done" | "interrupted";
}

const probabilities = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/** Mean, deviation and quantiles of the finite values; `undefined` when there are none. */
export function distributionOf(values: ArrayLike<number>): Distribution | undefined {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  return {
    n: finite.length,
    mean: mean(finite),
    ...(finite.length < 2 ? {} : { deviation: sampleStandardDeviation(finite) }),
    quantiles: Object.fromEntries(probabilities.map((p) => [`${p}`, quantile(finite, p)])),
  };
}

/** Refuses options that speak of one network. */
export function checkEnsembleOptions({ save, initial, order }: TrainOptions): void {
  const refused = {
    "--save": save,
    "--initial": initial,
    "--order": /\.npy$/i.test(order) ? order : undefined,
  };
  for (const [flag, value] of Object.entries(refused)) {
    if (value === undefined) continue;
    throw new InvalidInputError("this option is for one network", {
      where: flag,
      remedy: flag === "--save" ? "Use --save-weights: the last axis counts the networks" : "Leave out --ensemble",
    });
  }
}

/** Follows one ensemble and tells about it. */
export class EnsembleCommand {
  readonly #options: TrainOptions;
  readonly #context: CommandContext;
  readonly #ensemble: Trial;
  readonly #data: Dataset;
  readonly #progress: Progress;
  readonly #state: StateFile | undefined;
  #compileMs = 0;
  #trainMs = 0;
  #steps = 0;
  #threads = 0;
  #last: Evaluation | undefined;
  #test: Measured | undefined;
  #exitCode: number = exitCodes.done;

  constructor(options: TrainOptions, context: CommandContext, ensemble: Trial, data: Dataset) {
    this.#options = options;
    this.#context = context;
    this.#ensemble = ensemble;
    this.#data = data;
    const { model, quiet, saveState } = options;
    const label = `train ${ensemble.networks} x ${model}`;
    this.#progress = startProgress({ terminal: context.terminal, total: 1, unit: "steps", label, quiet });
    this.#state =
      saveState === undefined ? undefined : new StateFile(saveState, (remark) => this.#progress.line(remark));
  }

  async run(signal: StopSignal): Promise<{ exitCode: number; findings: readonly Finding[] }> {
    try {
      for await (const event of this.#ensemble.run(signal)) await this.#hear(event);
    } finally {
      this.#progress.stop();
    }
    return this.#finish();
  }

  async #hear(event: TrialEvent): Promise<void> {
    const progress = this.#progress;
    switch (event.kind) {
      case "ready":
        this.#compileMs = event.compileMs;
        progress.setTotal(event.totalSteps);
        progress.line(`training on ${this.#data.title}, ${formatNumber(event.totalSteps)} steps`);
        break;
      case "probes":
        if (this.#options.json)
          for (const reading of event.readings)
            this.#context.terminal.write(jsonLine({ network: reading.network, ...probeDocument(reading) }));
        break;
      case "steps":
        this.#steps += event.steps;
        this.#trainMs += event.durationMs;
        this.#threads = event.threads;
        this.#writeSteps(event);
        progress.update(event.first + event.steps, { loss: distributionOf(lastRow(event))?.mean ?? Number.NaN });
        break;
      case "epoch":
        this.#last = event.measured[event.measured.length - 1];
        progress.line(epochText(event.epoch, this.#last));
        break;
      case "test":
        this.#test = event.measured;
        break;
      case "checkpoint":
        await this.#state?.save(event.bytes);
        break;
      case "interrupted":
        this.#exitCode = exitCodes.interrupted;
        break;
      case "diverged":
        // All of them are told together, at the end.
        break;
      case "done":
        if (event.diverged.length > 0) progress.line(divergedText(event.diverged, this.#ensemble.networks));
        break;
    }
  }

  #writeSteps({ first, steps, losses }: EventOf<"steps">): void {
    if (!this.#options.json) return;
    const { networks } = this.#ensemble;
    let text = "";
    for (let i = 0; i < steps; i++) {
      text += jsonLine({ step: first + i, loss: [...losses.subarray(i * networks, (i + 1) * networks)] });
    }
    this.#context.terminal.write(text);
  }

  async #finish(): Promise<{ exitCode: number; findings: readonly Finding[] }> {
    const { options, terminal } = { options: this.#options, terminal: this.#context.terminal };
    const isDone = this.#exitCode === exitCodes.done;
    const failures: unknown[] = [];
    await this.#state?.finish().catch((cause: unknown) => void failures.push(cause));
    if (options.saveWeights !== undefined && isDone) {
      const bytes = writeSafetensors(await this.#ensemble.allTensors());
      await writeResult(options.saveWeights, bytes).catch((cause: unknown) => void failures.push(cause));
    }
    const final = await this.#finalDocument(isDone);
    if (options.json) terminal.write(jsonLine({ final }));
    else if (isDone) {
      terminal.write(meanLookText(this.#ensemble.probed, terminal.columns));
      terminal.write(finalText(final));
    }
    if (failures.length > 0) throw failures[0];
    if (!isDone) terminal.writeError(`interrupted after ${formatNumber(final.steps)} steps\n`);
    return { exitCode: this.#exitCode, findings: findingsOf(final) };
  }

  async #finalDocument(isDone: boolean): Promise<EnsembleDocument> {
    const { history, networks } = this.#ensemble;
    const { everyEpoch } = this.#ensemble;
    const current = this.#last?.step === history.steps && this.#last.phase === "validation" ? this.#last : undefined;
    const measured = isDone ? (current ?? (await this.#ensemble.evaluate(everyEpoch ?? "train"))) : undefined;
    const seconds = this.#trainMs / 1000;
    const part = (name: string, values: ArrayLike<number> | undefined) => {
      const distribution = values === undefined ? undefined : distributionOf(values);
      return distribution === undefined ? {} : { [name]: distribution };
    };
    return {
      ensemble: networks,
      ...part("loss", history.steps === 0 ? undefined : history.lossesAt(history.steps - 1)),
      ...part(everyEpoch === undefined ? "trainingLoss" : "validationLoss", measured?.loss),
      ...part("accuracy", measured?.accuracy),
      ...part("testLoss", this.#test?.loss),
      ...part("testAccuracy", this.#test?.accuracy),
      diverged: {
        count: history.diverged.length,
        networks: history.diverged.map(({ network, step }) => ({ network, step })),
      },
      steps: history.steps,
      seconds,
      stepsPerSecond: this.#steps / Math.max(seconds, 1e-9),
      compileSeconds: this.#compileMs / 1000,
      threads: this.#threads,
      data: this.#data.title,
      status: isDone ? "done" : "interrupted",
    };
  }
}

/** The last look as tables of means over the networks whose numbers are finite; "" when there was none. */
function meanLookText(looks: readonly (readonly ProbeReading[])[], width: number): string {
  const last = looks.at(-1);
  if (last === undefined) return "";
  const values = last[0].values.map((probed, i) => ({
    ...probed,
    value: distributionOf(last.map((look) => look.values[i].value))?.mean ?? Number.NaN,
  }));
  const [first] = last;
  // The noise scale is no mean of norms.
  const text = probeText([{ ...first, values: values.filter(({ path }) => path !== "") }], 1, width);
  return `means over ${formatNumber(last.length)} networks\n${text}\n`;
}

function lastRow({ losses, steps }: EventOf<"steps">): Float32Array {
  return losses.subarray((losses.length / steps) * (steps - 1));
}

function distributionText(name: string, values: ArrayLike<number>, scale: number, digits: number): string {
  const found = distributionOf(values);
  if (found === undefined) return `${name}: none`;
  const text = (value: number): string => (scale * value).toFixed(digits);
  const spread = `${text(found.quantiles["0.05"])} to ${text(found.quantiles["0.95"])}`;
  return `${name} ${text(found.mean)} (90 % of the networks: ${spread})`;
}

function epochText(epoch: number, { phase, loss, accuracy }: Evaluation): string {
  const name = phase === "train" ? "training" : "validation";
  const right = accuracy === undefined ? "" : `, ${distributionText("accuracy in %", accuracy, 100, 2)}`;
  return `epoch ${epoch}: ${distributionText(`${name} loss`, loss, 1, 4)}${right}`;
}

function divergedText(diverged: readonly Divergence[], networks: number): string {
  const first = diverged.slice(0, 5).map(({ network, step }) => `${network} at step ${formatNumber(step)}`);
  const more = diverged.length > first.length ? ", ..." : "";
  return `${formatNumber(diverged.length)} of ${formatNumber(networks)} networks diverged: ${first.join(", ")}${more}`;
}

function finalText({ ensemble, validationLoss, trainingLoss, ...final }: EnsembleDocument): string {
  const [split, loss] = validationLoss === undefined ? ["training", trainingLoss] : ["validation", validationLoss];
  const part = (found: Distribution | undefined, accuracy: Distribution | undefined): string =>
    `loss ${found?.mean.toFixed(4)}${accuracy === undefined ? "" : `, accuracy ${(100 * accuracy.mean).toFixed(2)} %`}`;
  const test = final.testLoss === undefined ? "" : `, test ${part(final.testLoss, final.testAccuracy)}`;
  const threads = `${final.threads} ${final.threads === 1 ? "thread" : "threads"}`;
  const seconds = formatDuration(final.seconds);
  return `${formatNumber(ensemble)} networks: mean ${split} ${part(loss, final.accuracy)}${test} on ${final.data} after ${formatNumber(final.steps)} steps; ${seconds} on ${threads}\n`;
}

function findingsOf(final: EnsembleDocument): Finding[] {
  const { validationLoss, trainingLoss, accuracy, testLoss, testAccuracy } = final;
  const finding = (id: string, title: string, found: Distribution | undefined, scale: number, unit: string) => {
    if (found === undefined) return [];
    const value = scale * found.mean;
    return [{ id, title, value, level: 0.95, method: "mean of networks", n: found.n, unit, variant: "" }];
  };
  return [
    ...finding("validationLoss", "Validation loss", validationLoss, 1, "nats"),
    ...finding("trainingLoss", "Training loss", trainingLoss, 1, "nats"),
    ...finding("accuracy", "Accuracy", accuracy, 100, "%"),
    ...finding("testLoss", "Test loss", testLoss, 1, "nats"),
    ...finding("testAccuracy", "Test accuracy", testAccuracy, 100, "%"),
  ];
}
