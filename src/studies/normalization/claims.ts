// The report's statements of problem 2, each judged by a rule on the numbers of this run.
import type { Claim, Verdict } from "../../core/findings.js";
import { type Estimate, meanEstimate } from "../../core/statistics/intervals.js";
import { mean } from "../../core/statistics/statistics.js";
import type { AnalysisContext, TrialResult } from "../../study/study.js";
import { reportedVariants, variants } from "./design.js";
import { normalizedLayers } from "./layers.js";
import { accuracies, estimateText, lastValues, pairedDifference, trialsOf } from "./measurements.js";
import { doubleSoftmaxFloor, finalReported, reportedAccuracyAt, source } from "./report.js";

/** Differences below this many percentage points make no practical difference on 10,000 test images. */
const negligible = 0.1;

export function claims(results: readonly TrialResult[], context: AnalysisContext): Claim[] {
  return [
    lossFloor(results),
    levelOfAccuracy(results),
    inputNormalization(results),
    dropoutFails(results),
    normalizationRescuesDropout(results),
    shiftFigure(results),
    sameCode(results, context),
  ];
}

const inconclusive = (reason: string) => ({ verdict: "inconclusive" as const, evidence: reason });

/** Supported if the whole interval lies above the threshold, refuted if it lies below, else open. */
function judged(
  estimate: Estimate | undefined,
  threshold: number,
  what: string,
): { verdict: Verdict; evidence: string } {
  if (estimate === undefined) return inconclusive("No pair of finished trials to compare.");
  const text = `${what}: ${estimateText(estimate)} percentage points over ${estimate.n} ${estimate.n === 1 ? "seed" : "seeds"}.`;
  if (estimate.interval === undefined) return inconclusive(`${text} One seed gives no interval.`);
  const [low, high] = estimate.interval;
  return {
    verdict: low > threshold ? "supported" : high < threshold ? "not supported" : "inconclusive",
    evidence: text,
  };
}

function lossFloor(results: readonly TrialResult[]): Claim {
  const losses = reportedVariants.flatMap(({ id }) =>
    lastValues(results, "asCoded", id, "validation", "loss").map(({ value }) => value),
  );
  const smallest = Math.min(...losses);
  const holds = losses.length > 0 && smallest >= doubleSoftmaxFloor - 1e-4;
  return {
    id: "loss-floor",
    source: `${source}, loss curves`,
    text: "The validation losses of 1.525 to 1.545 measure how well the networks classify.",
    rule: "Erratum if the code applies softmax twice and no loss of the as-coded networks falls below ln(1 + 9/e) = 1.46115.",
    verdict: holds ? "erratum" : "inconclusive",
    evidence: holds
      ? `Softmax stands before a loss that applies it again, so a perfect classifier scores ${doubleSoftmaxFloor.toFixed(5)}. The smallest of ${losses.length} as-coded validation losses is ${smallest.toFixed(5)}; the corrected networks reach ${correctedLoss(results)}.`
      : "No as-coded trial finished, or one fell below the floor.",
  };
}

function correctedLoss(results: readonly TrialResult[]): string {
  const losses = variants.flatMap(({ id }) =>
    lastValues(results, "corrected", id, "validation", "loss").map(({ value }) => value),
  );
  return losses.length === 0 ? "nothing yet" : `${Math.min(...losses).toFixed(4)} to ${Math.max(...losses).toFixed(4)}`;
}

function levelOfAccuracy(results: readonly TrialResult[]): Claim {
  const values = accuracies(results, "corrected", "batchNormHidden").map(({ value }) => value);
  const estimate = values.length === 0 ? undefined : meanEstimate(values);
  const reported = finalReported("batchNormHidden");
  const excluded = estimate?.interval !== undefined && estimate.interval[0] > reported;
  return {
    id: "accuracy-level",
    source: `${source}, batch normalization of hidden layers`,
    text: `LeNet-5 with batch normalization of its hidden layers reaches ${reported.toFixed(2)} % on MNIST after 30 epochs.`,
    rule: "Erratum if the corrected network's interval lies wholly above the number.",
    verdict: excluded ? "erratum" : "inconclusive",
    evidence:
      estimate === undefined
        ? "No trial finished."
        : `With a working loss and Adam: ${estimateText(estimate)} % over ${estimate.n} seeds. The report's network was under-trained by SGD at 0.001 through a saturated loss.`,
  };
}

function inputNormalization(results: readonly TrialResult[]): Claim {
  const estimate = pairedDifference(
    accuracies(results, "corrected", "batchNormEverywhere"),
    accuracies(results, "corrected", "batchNormHidden"),
  );
  return {
    id: "input-normalization",
    source: `${source}, batch normalization of the input`,
    text: "Batch normalization of the input, too, improves accuracy (96.70 against 95.22 %).",
    rule: `Supported if the paired difference lies wholly above ${negligible} percentage points, not supported if wholly below.`,
    ...judged(estimate, negligible, "Input too, minus hidden layers only, same seeds"),
  };
}

function dropoutFails(results: readonly TrialResult[]): Claim {
  const estimate = pairedDifference(
    accuracies(results, "corrected", "batchNormHidden"),
    accuracies(results, "corrected", "dropout"),
  );
  return {
    id: "dropout-fails",
    source: `${source}, dropout`,
    text: "Dropout costs LeNet-5 half its accuracy: 42.71 % against 95.22 % with batch normalization.",
    rule: "Supported if the paired difference lies wholly above 25 percentage points, not supported if wholly below.",
    ...judged(estimate, 25, "Batch norm minus dropout, same seeds"),
  };
}

function normalizationRescuesDropout(results: readonly TrialResult[]): Claim {
  const estimate = pairedDifference(
    accuracies(results, "corrected", "batchNormAndDropout"),
    accuracies(results, "corrected", "dropout"),
  );
  return {
    id: "both-beat-dropout",
    source: `${source}, batch normalization with dropout`,
    text: "Batch normalization together with dropout is better than dropout alone (88.32 against 42.71 %).",
    rule: `Supported if the paired difference lies wholly above ${negligible} percentage points, not supported if wholly below.`,
    ...judged(estimate, negligible, "Both, minus dropout alone, same seeds"),
  };
}

function shiftFigure(results: readonly TrialResult[]): Claim {
  const read = (name: "weight" | "bias"): number[] =>
    trialsOf(results, "corrected", "batchNormEverywhere").flatMap(({ spec, tensors }) =>
      normalizedLayers(spec)
        .filter(({ id }) => id === "input")
        .flatMap(({ path }) => tensors[`${path}.${name}`] ?? []),
    );
  const [scales, shifts] = [read("weight"), read("bias")];
  const apart = scales.length > 0 && Math.max(...shifts) < Math.min(...scales);
  return {
    id: "shift-figure",
    source: `${source}, figure 7`,
    text: "The learned beta of the input layer is about 1.07.",
    rule: "Erratum if the learned shifts of the input layer lie apart from its scales: the figure's code reads the scale.",
    verdict: apart ? "erratum" : "inconclusive",
    evidence:
      scales.length === 0
        ? "No trial finished."
        : `Over ${scales.length} networks the input layer's scale averages ${mean(scales).toFixed(3)} and its shift ${mean(shifts).toFixed(3)}. The report's notebook plots the layer's weight (gamma) where it says beta.`,
  };
}

/** Does the twin do what the report's code did? Compared at equal numbers of updates. */
function sameCode(results: readonly TrialResult[], { isSample }: AnalysisContext): Claim {
  const parts: string[] = [];
  let near = 0;
  let compared = 0;
  for (const { id, title } of reportedVariants) {
    const rows = trialsOf(results, "asCoded", id).flatMap((trial) =>
      trial.rows.filter((row) => row.phase === "validation" && row.metric === "accuracy").slice(-1),
    );
    const theirs = rows.length === 0 ? undefined : reportedAccuracyAt(id, rows[0].step);
    if (theirs === undefined) continue;
    const ours = mean(rows.map(({ value }) => value));
    compared++;
    if (Math.abs(ours - theirs) <= 0.1) near++;
    parts.push(
      `${title}: ${(100 * ours).toFixed(1)} % here, ${(100 * theirs).toFixed(1)} % there (${rows[0].step.toLocaleString("en-US")} updates)`,
    );
  }
  return {
    id: "explained",
    source: "this study",
    text: "The report's faults (softmax twice, SGD 0.001 without momentum) are enough to explain its accuracies.",
    rule: "Supported if at equal numbers of updates every as-coded variant lies within 10 percentage points of the report's log; not supported if none does.",
    verdict:
      compared === 0 ? "inconclusive" : near === compared ? "supported" : near === 0 ? "not supported" : "inconclusive",
    evidence:
      compared === 0
        ? "Too few updates to compare."
        : `${parts.join("; ")}.${isSample ? " Trained on the embedded sample, the report on all of MNIST." : ""}`,
  };
}
