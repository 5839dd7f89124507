// What `trainscope train` says at the end of an epoch and at the end of all.
import type { EventOf } from "../../train/trial/events.js";
import { formatDuration, formatNumber } from "../output.js";

/** The last line of `--json`. */
export interface FinalDocument {
  /** Of the last step, before its update. */
  readonly loss: number;
  /** Of the split that is measured after every epoch, after training. */
  readonly validationLoss?: number;
  /** Of the training split after training, where no examples are held out. */
  readonly trainingLoss?: number;
  /** Share of right answers in the same split; absent for regression. */
  readonly accuracy?: number;
  /** Of the test split after training, where a validation split was there for choices. */
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  /** Updates done, those before a resume included. */
  readonly steps: number;
  /** Inside the runtime, since the start or the resume, without compilation. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
  readonly compileSeconds: number;
  readonly threads: number;
  readonly data: string;
  readonly status: "done" | "diverged" | "interrupted";
  readonly diverged?: { readonly step: number; readonly tensor?: string };
}

/** What an epoch of one network measured. */
export function epochText({ epoch, measured }: EventOf<"epoch">): string {
  const parts = measured.map(({ phase, loss: [loss], accuracy }) => {
    const right = accuracy === undefined ? "" : `, accuracy ${(100 * accuracy[0]).toFixed(2)} %`;
    return `${phase === "train" ? "training" : phase} loss ${loss.toFixed(4)}${right}`;
  });
  return `epoch ${epoch}: ${parts.join("; ")}`;
}

export function finalText(final: FinalDocument): string {
  const part = (loss: number | undefined, accuracy: number | undefined): string =>
    `loss ${loss?.toFixed(4)}${accuracy === undefined ? "" : `, accuracy ${(100 * accuracy).toFixed(2)} %`}`;
  const test = final.testLoss === undefined ? "" : `, test ${part(final.testLoss, final.testAccuracy)}`;
  const threads = `${final.threads} ${final.threads === 1 ? "thread" : "threads"}`;
  const [split, loss] =
    final.validationLoss === undefined ? ["training", final.trainingLoss] : ["validation", final.validationLoss];
  return `${split} ${part(loss, final.accuracy)}${test} on ${final.data} after ${formatNumber(final.steps)} steps; ${formatDuration(final.seconds)} at ${formatNumber(Math.round(final.stepsPerSecond))} steps/s on ${threads}\n`;
}
