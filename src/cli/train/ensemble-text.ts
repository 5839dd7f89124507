// How a training of an ensemble is told: by the distributions of its networks' numbers.
import type { Finding } from "../../core/findings.js";
import { mean, quantile, sampleStandardDeviation } from "../../core/statistics/statistics.js";
import type { Divergence, Evaluation, ProbeReading, Stop } from "../../train/trial/events.js";
import { formatNumber } from "../output.js";
import { probeDocument, probeText } from "./probe-text.js";
import { type Outcome, type Timing, type TrainingText, timingText, updateDocument } from "./training-text.js";

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
interface EnsembleDocument extends Timing {
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
  /** Each network that ended early for want of improvement, and when. */
  readonly stopped?: { readonly count: number; readonly networks: readonly Pick<Stop, "network" | "step">[] };
  /** Epochs whose weights the networks end with, where the best are kept. */
  readonly keptEpoch?: Distribution;
  readonly steps: number;
  readonly data: string;
  readonly status: Outcome["status"];
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

export const ensembleText: TrainingText = {
  stepDocument(event, index) {
    const networks = event.losses.length / event.steps;
    const losses = event.losses.subarray(index * networks, (index + 1) * networks);
    return { step: event.first + index, loss: [...losses], ...updateDocument(event, index, true) };
  },
  probeDocument: (reading) => ({ network: reading.network, ...probeDocument(reading) }),
  progressLoss: (losses) => distributionOf(losses)?.mean ?? Number.NaN,
  epochText: ({ epoch, measured }) => epochText(epoch, measured[measured.length - 1]),
  endingText,
  divergedText,
  probeTables: (probed, columns) => meanLookText(probed, columns),
  summary(outcome) {
    const document = finalDocument(outcome);
    return { document, text: finalText(document), findings: findingsOf(document) };
  },
};

function finalDocument(outcome: Outcome): EnsembleDocument {
  const { trial, measured, test, stopped, kept, timing, data, status } = outcome;
  const { history, networks, everyEpoch } = trial;
  const part = (name: string, values: ArrayLike<number> | undefined) => {
    const distribution = values === undefined ? undefined : distributionOf(values);
    return distribution === undefined ? {} : { [name]: distribution };
  };
  return {
    ensemble: networks,
    ...part("loss", history.steps === 0 ? undefined : history.lossesAt(history.steps - 1)),
    ...part(everyEpoch === undefined ? "trainingLoss" : "validationLoss", measured?.loss),
    ...part("accuracy", measured?.accuracy),
    ...part("testLoss", test?.loss),
    ...part("testAccuracy", test?.accuracy),
    diverged: {
      count: history.diverged.length,
      networks: history.diverged.map(({ network, step }) => ({ network, step })),
    },
    ...(stopped === undefined ? {} : { stopped: listed(stopped) }),
    ...part(
      "keptEpoch",
      kept?.map(({ epoch }) => epoch),
    ),
    ...{ steps: history.steps, ...timing, data, status },
  };
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
  const text = probeText([{ ...first, values: values.filter(({ path }) => path !== "") }], width);
  return `means over ${formatNumber(last.length)} networks\n${text}\n`;
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

const listed = (ends: readonly Pick<Stop, "network" | "step">[]) => ({
  count: ends.length,
  networks: ends.map(({ network, step }) => ({ network, step })),
});

function endingText({ stopped = [], kept = [] }: Pick<Outcome, "stopped" | "kept">): string {
  const epochs = (places: readonly { readonly epoch: number }[]): string => {
    const numbers = places.map(({ epoch }) => epoch);
    return `epochs ${formatNumber(Math.min(...numbers))} to ${formatNumber(Math.max(...numbers))}`;
  };
  return [
    ...(stopped.length === 0
      ? []
      : [`${formatNumber(stopped.length)} networks ended after ${epochs(stopped)} for want of improvement`]),
    ...(kept.length === 0 ? [] : [`the weights are those of ${epochs(kept)}, the best of each network`]),
  ].join("; ");
}

function divergedText(diverged: readonly Divergence[], networks: number, advice: string): string {
  const all = diverged.length === networks ? `. ${advice}` : "";
  const first = diverged.slice(0, 5).map(({ network, step }) => `${network} at step ${formatNumber(step)}`);
  const more = diverged.length > first.length ? ", ..." : "";
  return `${formatNumber(diverged.length)} of ${formatNumber(networks)} networks diverged: ${first.join(", ")}${more}${all}`;
}

function finalText({ ensemble, validationLoss, trainingLoss, ...final }: EnsembleDocument): string {
  const [split, loss] = validationLoss === undefined ? ["training", trainingLoss] : ["validation", validationLoss];
  const part = (found: Distribution | undefined, accuracy: Distribution | undefined): string =>
    `loss ${found?.mean.toFixed(4)}${accuracy === undefined ? "" : `, accuracy ${(100 * accuracy.mean).toFixed(2)} %`}`;
  const test = final.testLoss === undefined ? "" : `, test ${part(final.testLoss, final.testAccuracy)}`;
  return `${formatNumber(ensemble)} networks: mean ${split} ${part(loss, final.accuracy)}${test} on ${final.data} after ${formatNumber(final.steps)} steps; ${timingText(final, false)}\n`;
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
