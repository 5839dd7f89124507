// The report's statements on problem 2, each judged by a rule from the numbers of this run.
import type { Claim } from "../../core/findings.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { mean } from "../../core/statistics/statistics.js";
import { type Judgement, judge } from "../../study/analysis/judge.js";
import { countText, estimateText, survivorsText } from "../../study/analysis/number-text.js";
import { meanOf, paired, select } from "../../study/analysis/samples.js";
import type { AnalysisContext, StudyResults } from "../../study/definition.js";
import { reportedVariants, variants } from "./design.js";
import { normalizedLayers } from "./layers.js";
import { accuracies, losses } from "./measurements.js";
import { doubleSoftmaxFloor, finalReported, reportedAccuracyAt, source } from "./report.js";

/** Differences below this many percentage points are irrelevant in practice on 10,000 test images. */
const negligible = 0.1;

/** Tolerance in percentage points between a twin and the report's log, which is one run against few runs here. */
const nearReport = 10;

type Context = Pick<AnalysisContext, "data">;

export function claims(results: StudyResults, context: Context): Claim[] {
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

/** Supported if the whole interval is above the threshold, refuted if it is below, otherwise inconclusive. */
function judged(estimate: Estimate | undefined, threshold: number, what: string): Judgement {
  const missing = "No pair of finished trials to compare.";
  return judge(estimate, { above: threshold }, { what, unit: "percentage points", missing });
}

function lossFloor(results: StudyResults): Claim {
  const coded = reportedVariants.flatMap(({ id }) => losses(results, "asCoded", id));
  const smallest = Math.min(...coded);
  const holds = coded.length > 0 && smallest >= doubleSoftmaxFloor - 1e-4;
  return {
    id: "loss-floor",
    source: `${source}, loss curves`,
    text: "The validation losses of 1.525 to 1.545 measure how well the networks classify.",
    rule: "Erratum if the code applies softmax twice and no loss of the as-coded networks falls below ln(1 + 9/e) = 1.46115.",
    verdict: holds ? "erratum" : "inconclusive",
    evidence: holds
      ? `Softmax stands before a loss that applies it again, so a perfect classifier scores ${doubleSoftmaxFloor.toFixed(5)}. The smallest of ${coded.length} as-coded validation losses is ${smallest.toFixed(5)}; the corrected networks reach ${correctedLoss(results)}.`
      : "No as-coded trial finished, or one fell below the floor.",
  };
}

function correctedLoss(results: StudyResults): string {
  const reached = variants.flatMap(({ id }) => losses(results, "corrected", id));
  if (reached.length === 0) return "nothing yet";
  return `${Math.min(...reached).toFixed(4)} to ${Math.max(...reached).toFixed(4)}`;
}

function levelOfAccuracy(results: StudyResults): Claim {
  const estimate = meanOf(accuracies(results, "corrected", "batchNormHidden"));
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
        : `With a working loss and Adam: ${levelText(estimate)}. The report's network was under-trained by SGD at 0.001 through a saturated loss.`,
  };
}

/** `97.88 [97.30, 98.47] % over 3 seeds`. */
function levelText({ n, of, ...estimate }: Estimate): string {
  return `${estimateText(estimate)} % over ${of === undefined ? n : survivorsText({ n, of })} seeds`;
}

function inputNormalization(results: StudyResults): Claim {
  const estimate = paired(
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

function dropoutFails(results: StudyResults): Claim {
  const estimate = paired(
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

function normalizationRescuesDropout(results: StudyResults): Claim {
  const estimate = paired(
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

function shiftFigure(results: StudyResults): Claim {
  const read = (name: "weight" | "bias"): number[] =>
    select(results, { form: "corrected", variant: "batchNormEverywhere" }).flatMap(({ spec, tensors }) =>
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

/** Whether the twin behaves like the report's code, compared at equal numbers of updates. */
function sameCode(results: StudyResults, { data }: Context): Claim {
  const parts: string[] = [];
  let near = 0;
  let compared = 0;
  for (const { id, title } of reportedVariants) {
    const rows = select(results, { form: "asCoded", variant: id }).flatMap((trial) =>
      trial.rows.filter((row) => row.phase === "validation" && row.metric === "accuracy").slice(-1),
    );
    const theirs = rows.length === 0 ? undefined : reportedAccuracyAt(id, rows[0].step);
    if (theirs === undefined) continue;
    const ours = mean(rows.map(({ value }) => value));
    compared++;
    if (100 * Math.abs(ours - theirs) <= nearReport) near++;
    parts.push(
      `${title}: ${(100 * ours).toFixed(1)} % here, ${(100 * theirs).toFixed(1)} % there (${countText(rows[0].step)} updates)`,
    );
  }
  return {
    id: "explained",
    source: "this study",
    text: "The report's faults (softmax twice, SGD 0.001 without momentum) are enough to explain its accuracies.",
    rule: `Supported if at equal numbers of updates every as-coded variant lies within ${nearReport} percentage points of the report's log; not supported if none does.`,
    verdict:
      compared === 0 ? "inconclusive" : near === compared ? "supported" : near === 0 ? "not supported" : "inconclusive",
    evidence:
      compared === 0
        ? "Too few updates to compare."
        : `${parts.join("; ")}.${data.mnist.isSample ? " Trained on the embedded sample, the report on all of MNIST." : ""}`,
  };
}
