// How a training of one network is told.
import type { Finding } from "../../core/findings.js";
import type { Divergence, EventOf, Kept, Stop } from "../../train/trial/events.js";
import { formatNumber } from "../output.js";
import { probeDocument, probeText } from "./probe-text.js";
import { type Outcome, type Timing, type TrainingText, timingText, updateDocument } from "./training-text.js";

/** The last line of `--json`. */
export interface FinalDocument extends Timing {
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
  readonly data: string;
  readonly status: Outcome["status"];
  readonly diverged?: Pick<Divergence, "step" | "tensor">;
  /** When the training ended early for want of improvement. */
  readonly stopped?: Pick<Stop, "step" | "epoch">;
  /** The epoch whose weights the training ends with, where the best are kept. */
  readonly kept?: Pick<Kept, "step" | "epoch">;
}

export const networkText: TrainingText = {
  stepDocument: (event, index) => ({
    step: event.first + index,
    loss: event.losses[index],
    ...updateDocument(event, index, false),
  }),
  probeDocument,
  progressLoss: ([loss]) => loss,
  epochText,
  endingText: ({ stopped, kept }) => {
    const parts = [
      ...(stopped ?? []).map(({ epoch }) => `ended after epoch ${formatNumber(epoch)} for want of improvement`),
      ...(kept ?? []).map(({ epoch }) => `the weights are those of epoch ${formatNumber(epoch)}, the best`),
    ];
    return parts.join("; ");
  },
  divergedText: ([{ step, loss, tensor }], _networks, advice) =>
    `diverged at step ${formatNumber(step)}: loss ${loss}, first bad tensor ${tensor}. ${advice}.`,
  probeTables: (probed, columns) =>
    probeText(
      probed.map(([reading]) => reading),
      columns,
    ),
  summary(outcome) {
    const document = finalDocument(outcome);
    return { document, text: finalText(document), findings: findingsOf(document) };
  },
};

/** What an epoch of one network measured. */
function epochText({ epoch, measured }: EventOf<"epoch">): string {
  const parts = measured.map(({ phase, loss: [loss], accuracy }) => {
    const right = accuracy === undefined ? "" : `, accuracy ${(100 * accuracy[0]).toFixed(2)} %`;
    return `${phase === "train" ? "training" : phase} loss ${loss.toFixed(4)}${right}`;
  });
  return `epoch ${epoch}: ${parts.join("; ")}`;
}

function finalDocument({ trial, measured, test, stopped, kept, timing, data, status }: Outcome): FinalDocument {
  const { history, everyEpoch } = trial;
  const [divergence] = history.diverged;
  return {
    loss: history.steps === 0 ? Number.NaN : history.lossesAt(history.steps - 1)[0],
    ...(measured === undefined
      ? {}
      : { [everyEpoch === undefined ? "trainingLoss" : "validationLoss"]: measured.loss[0] }),
    ...(measured?.accuracy === undefined ? {} : { accuracy: measured.accuracy[0] }),
    ...(test === undefined ? {} : { testLoss: test.loss[0] }),
    ...(test?.accuracy === undefined ? {} : { testAccuracy: test.accuracy[0] }),
    ...{ steps: history.steps, ...timing, data, status },
    ...(divergence === undefined ? {} : { diverged: divergedPart(divergence) }),
    ...placePart("stopped", stopped),
    ...placePart("kept", kept),
  };
}

function divergedPart({ step, tensor }: Divergence): FinalDocument["diverged"] & {} {
  return { step, ...(tensor === undefined ? {} : { tensor }) };
}

function placePart(name: "stopped" | "kept", places: readonly (Stop | Kept)[] | undefined): Partial<FinalDocument> {
  const [place] = places ?? [];
  return place === undefined ? {} : { [name]: { step: place.step, epoch: place.epoch } };
}

function finalText(final: FinalDocument): string {
  const part = (loss: number | undefined, accuracy: number | undefined): string =>
    `loss ${loss?.toFixed(4)}${accuracy === undefined ? "" : `, accuracy ${(100 * accuracy).toFixed(2)} %`}`;
  const test = final.testLoss === undefined ? "" : `, test ${part(final.testLoss, final.testAccuracy)}`;
  const [split, loss] =
    final.validationLoss === undefined ? ["training", final.trainingLoss] : ["validation", final.validationLoss];
  return `${split} ${part(loss, final.accuracy)}${test} on ${final.data} after ${formatNumber(final.steps)} steps; ${timingText(final, true)}\n`;
}

/** What a training found: each number once, from one seed and so without an interval. */
function findingsOf(final: FinalDocument): Finding[] {
  const { loss, validationLoss, trainingLoss, accuracy, testLoss, testAccuracy } = final;
  const percent = (share: number | undefined): number | undefined => (share === undefined ? undefined : 100 * share);
  const finding = (id: string, title: string, value: number | undefined, unit: string): Finding[] =>
    value === undefined ? [] : [{ id, title, value, level: 0.95, method: "single run", n: 1, unit, variant: "" }];
  return [
    ...finding("lastLoss", "Loss of the last step", loss, "nats"),
    ...finding("validationLoss", "Validation loss", validationLoss, "nats"),
    ...finding("trainingLoss", "Training loss", trainingLoss, "nats"),
    ...finding(
      "accuracy",
      validationLoss === undefined ? "Training accuracy" : "Validation accuracy",
      percent(accuracy),
      "%",
    ),
    ...finding("testLoss", "Test loss", testLoss, "nats"),
    ...finding("testAccuracy", "Test accuracy", percent(testAccuracy), "%"),
  ];
}
