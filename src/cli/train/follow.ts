// Follows one training, of one network or of many: progress, JSON lines, checkpoints, and the files of its results.
import { exitCodes } from "../../core/errors.js";
import type { Finding } from "../../core/findings.js";
import type { Dataset } from "../../data/dataset.js";
import type { Divergence, Evaluation, EventOf, Measured, TrialEvent } from "../../train/trial/events.js";
import type { StopSignal, Trial } from "../../train/trial/trial.js";
import type { CommandContext } from "../command-context.js";
import { formatNumber, jsonLine } from "../output.js";
import { type Progress, startProgress } from "../progress.js";
import { comparisonRemark } from "./comparison-remark.js";
import { divergenceAdvice } from "./divergence-advice.js";
import { ensembleText } from "./ensemble-text.js";
import { StateFile } from "./files.js";
import type { TrainableModel } from "./model.js";
import type { TrainCommandOptions } from "./options.js";
import { ResultFiles } from "./result-files.js";
import { networkText } from "./text.js";
import type { Outcome, TrainingText } from "./training-text.js";

export interface Following {
  readonly options: TrainCommandOptions;
  readonly terminal: CommandContext["terminal"];
  readonly trial: Trial;
  readonly data: Dataset;
  readonly model: Pick<TrainableModel, "remarks" | "inferenceModel">;
}

/** How a training ended. */
export interface Ending {
  readonly exitCode: number;
  readonly findings: readonly Finding[];
}

/**
 * Runs a trial and tells about it.
 * @returns exit code 1 when every network diverged, 130 when interrupted.
 * @throws InvalidInputError when the trial goes on from beyond its end; EnvironmentError when a result was not written.
 */
export async function followTraining(following: Following, signal: StopSignal): Promise<Ending> {
  const training = new Training(following);
  return training.run(signal);
}

class Training {
  readonly #following: Following;
  readonly #text: TrainingText;
  readonly #progress: Progress;
  readonly #state: StateFile | undefined;
  #compileMs = 0;
  #trainMs = 0;
  /** Since the start or the resume. */
  #steps = 0;
  #threads = 0;
  #validation: Evaluation | undefined;
  #test: Measured | undefined;
  #ending: Pick<Outcome, "stopped" | "kept"> = { stopped: undefined, kept: undefined };
  #status: Outcome["status"] = "done";
  readonly #results: ResultFiles;
  /** What could not be written: reported last. */
  readonly #failures: unknown[] = [];
  readonly #note = (cause: unknown): void => void this.#failures.push(cause);

  constructor(following: Following) {
    this.#following = following;
    this.#results = new ResultFiles(following);
    const { options, terminal, trial } = following;
    const { model, quiet, saveState, ensemble } = options;
    this.#text = ensemble === undefined ? networkText : ensembleText;
    const label = ensemble === undefined ? `train ${model}` : `train ${trial.networks} x ${model}`;
    this.#progress = startProgress({ terminal, total: 1, unit: "steps", label, quiet });
    this.#state = saveState === undefined ? undefined : new StateFile(saveState, (remark) => this.#say(remark));
  }

  async run(signal: StopSignal): Promise<Ending> {
    const { model, trial } = this.#following;
    for (const remark of [...model.remarks, ...trial.remarks]) this.#say(remark);
    try {
      for await (const event of trial.run(signal)) await this.#hear(event);
      this.#progress.stop();
      return await this.#finish();
    } catch (cause) {
      // What was trained to its end stays, whatever went wrong afterwards.
      await this.#results.keep().catch(this.#note);
      throw cause;
    } finally {
      this.#progress.stop();
    }
  }

  async #hear(event: TrialEvent): Promise<void> {
    switch (event.kind) {
      case "ready":
        return this.#begin(event);
      case "steps":
        return this.#advance(event);
      case "probes":
        for (const reading of event.readings) this.#writeJson(this.#text.probeDocument(reading));
        return;
      case "epoch":
        this.#validation = event.measured.find(({ phase }) => phase === "validation");
        return this.#progress.line(this.#text.epochText(event));
      case "test":
        this.#test = event.measured;
        return;
      case "checkpoint":
        return this.#state?.save(event.bytes);
      case "trained":
        return this.#results.write().catch(this.#note);
      case "interrupted":
        this.#status = "interrupted";
        return;
      case "diverged":
        // All networks that did are named together at the end.
        return;
      case "done": {
        this.#ending = { stopped: event.stopped, kept: event.kept };
        const ending = this.#text.endingText(this.#ending);
        if (ending !== "") this.#say(ending);
        this.#judge(event.diverged);
      }
    }
  }

  #begin({ step, totalSteps, compileMs }: EventOf<"ready">): void {
    const { options, data, trial } = this.#following;
    this.#compileMs = compileMs;
    this.#progress.setTotal(totalSteps);
    const from = step === 0 ? "" : ` from step ${formatNumber(step)}`;
    this.#progress.line(`training on ${data.title}, ${formatNumber(totalSteps)} steps${from}`);
    const remark = comparisonRemark(options, trial.everyEpoch);
    if (remark !== undefined) this.#say(remark);
  }

  #advance(event: EventOf<"steps">): void {
    const { first, steps, losses, durationMs, threads } = event;
    this.#steps += steps;
    this.#trainMs += durationMs;
    this.#threads = threads;
    const networks = losses.length / steps;
    const { options, terminal } = this.#following;
    if (options.json) {
      let text = "";
      for (let i = 0; i < steps; i++) text += jsonLine(this.#text.stepDocument(event, i));
      terminal.write(text);
    }
    this.#progress.update(first + steps, { loss: this.#text.progressLoss(losses.subarray((steps - 1) * networks)) });
  }

  /** Says what must be heard even by those who want no progress. */
  #say(text: string): void {
    const { options, terminal } = this.#following;
    if (options.quiet) terminal.writeError(`${text}\n`);
    else this.#progress.line(text);
  }

  #writeJson(document: object): void {
    const { options, terminal } = this.#following;
    if (options.json) terminal.write(jsonLine(document));
  }

  /** The results: files first, then the last line, so that who reads it finds the files; a failure to write comes last. */
  async #finish(): Promise<Ending> {
    const { options, terminal, trial } = this.#following;
    if (this.#status === "done") await this.#results.write().catch(this.#note);
    const measured = this.#status === "done" ? await this.#measured() : undefined;
    await this.#state?.finish().catch(this.#note);
    if (this.#status === "done") await this.#results.keep().catch(this.#note);
    else await this.#results.discard();
    const { document, text, findings } = this.#text.summary(this.#outcome(measured));
    this.#writeJson({ final: document });
    if (!options.json) {
      terminal.write(this.#text.probeTables(trial.probed, terminal.columns));
      if (this.#status === "done") terminal.write(text);
    }
    if (this.#failures.length > 0) throw this.#failures[0];
    if (this.#status === "interrupted" && terminal.isClosed !== true) terminal.writeError(this.#interruptedText());
    return { exitCode: endingCodes[this.#status], findings };
  }

  /** After the last step: what the last epoch measured, if it ended there. */
  async #measured(): Promise<Measured | undefined> {
    const { trial } = this.#following;
    const { history } = trial;
    const { kept, stopped = [] } = this.#ending;
    // Weights of other epochs have not been measured as they are now.
    const areLast = kept === undefined && (trial.networks === 1 || stopped.length === 0);
    if (areLast && this.#validation?.step === history.steps) return this.#validation;
    const split = trial.everyEpoch ?? "train";
    const measured = await trial.evaluate(split);
    const tensor = split === "train" ? "training loss" : "validation loss";
    this.#judge(history.divergeByLoss(measured.loss, history.steps, { tensor }));
    return history.isLost ? undefined : measured;
  }

  /** Takes networks that diverged: those that the trial reports, and those of which the last measurement says so. */
  #judge(diverged: readonly Divergence[]): void {
    const { trial, data } = this.#following;
    if (diverged.length > 0)
      this.#say(this.#text.divergedText(diverged, trial.networks, divergenceAdvice(trial.spec, data, diverged)));
    if (trial.history.isLost) this.#status = "diverged";
  }

  #outcome(measured: Measured | undefined): Outcome {
    const seconds = this.#trainMs / 1000;
    return {
      trial: this.#following.trial,
      measured,
      test: this.#test,
      ...this.#ending,
      timing: {
        seconds,
        stepsPerSecond: this.#steps / Math.max(seconds, 1e-9),
        compileSeconds: this.#compileMs / 1000,
        threads: this.#threads,
      },
      data: this.#following.data.title,
      status: this.#status,
    };
  }

  #interruptedText(): string {
    const { options, trial } = this.#following;
    const steps = formatNumber(trial.history.steps);
    return options.saveState === undefined
      ? `interrupted after ${steps} steps; nothing was saved, since --save-state was not given\n`
      : `interrupted after ${steps} steps; go on with the same command and --resume ${options.saveState}\n`;
  }
}

const endingCodes: Readonly<Record<Outcome["status"], number>> = {
  done: exitCodes.done,
  diverged: exitCodes.failed,
  interrupted: exitCodes.interrupted,
};
