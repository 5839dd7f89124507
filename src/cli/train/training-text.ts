// What `trainscope train` tells of a training: the parts in which one network and an ensemble differ.
import type { Finding } from "../../core/findings.js";
import type { Divergence, EventOf, Kept, Measured, ProbeReading, Stop } from "../../train/trial/events.js";
import type { Trial } from "../../train/trial/trial.js";
import { formatDuration, formatRate } from "../output.js";

/** What a training came to. */
export interface Outcome {
  readonly trial: Pick<Trial, "networks" | "history" | "everyEpoch">;
  /** Of the split that is measured after every epoch, or of the training split; after a training that was done. */
  readonly measured: Measured | undefined;
  /** Of the test split, where a validation split was there for choices. */
  readonly test: Measured | undefined;
  /** Networks that met the rule that ends a training early; undefined without one. */
  readonly stopped: readonly Stop[] | undefined;
  /** Whose weights those of an earlier epoch are; undefined where the last are kept. */
  readonly kept: readonly Kept[] | undefined;
  readonly timing: Timing;
  /** Title of the data set. */
  readonly data: string;
  /** `diverged`: no network is left. */
  readonly status: "done" | "diverged" | "interrupted";
}

/** The last numbers of `final` in `--json`. */
export interface Timing {
  /** Inside the runtime, since the start or the resume, without compilation. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
  readonly compileSeconds: number;
  readonly threads: number;
}

/** `0.52 s on 2 threads`, with the rate of one network. A resumed training may have had nothing left to do. */
export function timingText({ seconds, stepsPerSecond, threads }: Timing, withRate: boolean): string {
  if (threads === 0) return "no steps were left to do";
  const rate = withRate ? ` at ${formatRate(stepsPerSecond)} steps/s` : "";
  return `${formatDuration(seconds)}${rate} on ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/** The end of a training, for programs, for people and for the run store. */
export interface Summary {
  /** Last line of `--json`. */
  readonly document: object;
  /** Last line for people. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** How a training is told. */
export interface TrainingText {
  /** A line of `--json` for a step. @param index of the step in its segment. */
  stepDocument(event: EventOf<"steps">, index: number): object;
  /** A line of `--json` for what probes found in one network. */
  probeDocument(reading: ProbeReading): object;
  /** The loss beside the progress bar. @param losses one for each network. */
  progressLoss(losses: Float32Array): number;
  epochText(event: EventOf<"epoch">): string;
  /** What is said at the end when networks diverged. @param advice one sentence, for when all did. */
  divergedText(diverged: readonly Divergence[], networks: number, advice: string): string;
  /** What is said at the end of a training that ended early or ends with earlier weights; "" for others. */
  endingText(ending: Pick<Outcome, "stopped" | "kept">): string;
  /** Tables of what probes found; "" when there were none. */
  probeTables(probed: Trial["probed"], columns: number): string;
  summary(outcome: Outcome): Summary;
}

/** What drove the update of a step, for `--json`: numbers of one network, or lists of many where they differ. */
export function updateDocument(
  { losses, learningRates, momenta, examples, gradientNorms, clipped, steps }: EventOf<"steps">,
  index: number,
  isMany: boolean,
): object {
  const networks = losses.length / steps;
  const row = (values: Float32Array | Float64Array): number[] => {
    const width = values.length === steps ? 1 : networks;
    return [...values.subarray(index * width, (index + 1) * width)];
  };
  const each = <T>(values: readonly T[]): T | readonly T[] => (isMany ? values : values[0]);
  const rates = row(learningRates);
  return {
    learningRate: rates.length === 1 ? rates[0] : rates,
    ...(momenta === undefined ? {} : { momentum: momenta[index] }),
    batchSize: examples[index],
    ...(gradientNorms === undefined ? {} : { gradientNorm: each(row(gradientNorms)) }),
    ...(clipped === undefined ? {} : { clipped: each(row(clipped).map((value) => value === 1)) }),
  };
}
