// The numbers of the study: shares of dead, flat and zero networks, and what theory predicts.
import type { Finding } from "../../core/findings.js";
import { exactEstimate } from "../../core/statistics/intervals.js";
import { findingsOf } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { baseCell, codedEpochs } from "./design.js";
import { activations, type Cell, codedHiddenLayers, hasTheory, variantOf } from "./networks.js";
import { bornDead, codedOutcome, outcomes, theoryOf } from "./outcomes.js";
import type { DyingReluSettings } from "./settings.js";
import { bornDeadBounds, paperLowerBound } from "./theory.js";

const titles = {
  bornDead: "Dead before training: some hidden layer has no live unit",
  dead: "Dead after training: some hidden layer has no live unit",
  diedInTraining: "Alive before training, dead after it",
  flat: "Output varies by less than a thousandth of the target's range",
  zeroSum: "All outputs are 0, the test of the report's code",
  bornDeadExact: "Dead before training, exact",
  bornDeadSimulated: "Dead before training, simulated",
  bornDeadLowerBound: "Dead before training, lower bound",
  bornDeadUpperBound: "Dead before training, upper bound",
  bornDeadPaperBound: "Dead before training, lower bound of the paper",
  bornDeadMinusExact: "Dead before training, measured minus exact",
} as const;

export function findings(results: StudyResults, settings: DyingReluSettings): Finding[] {
  return [...trainedFindings(results, settings), ...theoryFindings(results, settings), ...codedFindings(results)];
}

const about = (id: keyof typeof titles, variant: string) => ({ id, title: titles[id], unit: "", variant });

function trainedFindings(results: StudyResults, settings: DyingReluSettings): Finding[] {
  return outcomes(results, settings).flatMap(({ cell, epochs, bornDead: born, dead, died, flat }) => {
    const variant = variantOf(cell, epochs);
    return [
      ...findingsOf(about("bornDead", variant), born),
      ...findingsOf(about("dead", variant), dead),
      ...findingsOf(about("diedInTraining", variant), died),
      ...findingsOf(about("flat", variant), flat),
      ...(hasTheory(cell) ? theory(cell, variant, settings) : []),
    ];
  });
}

/** What theory says of one kind of network. */
function theory(cell: Cell, variant: string, settings: DyingReluSettings): Finding[] {
  const { hiddenLayers, units } = cell;
  const said = theoryOf(hiddenLayers, units, settings.simulated)(hiddenLayers);
  return "exact" in said
    ? findingsOf(about("bornDeadExact", variant), exactEstimate(said.exact))
    : findingsOf(about("bornDeadSimulated", variant), said.simulated);
}

function theoryFindings(results: StudyResults, settings: DyingReluSettings): Finding[] {
  const target = baseCell(settings).target;
  return bornDead(results, settings).flatMap(({ hiddenLayers, units, measured, exact, simulated }) => {
    const cell = { target, activation: "relu", initializer: "heNormal", hiddenLayers, units } as const;
    const variant = variantOf(cell, 0);
    const [low, high] = bornDeadBounds(hiddenLayers, units);
    const difference =
      exact === undefined || measured.interval === undefined
        ? undefined
        : {
            ...measured,
            value: measured.value - exact,
            interval: [measured.interval[0] - exact, measured.interval[1] - exact] as const,
          };
    return [
      ...findingsOf(about("bornDead", variant), measured),
      ...findingsOf(about("bornDeadExact", variant), exact === undefined ? undefined : exactEstimate(exact)),
      ...findingsOf(about("bornDeadMinusExact", variant), difference),
      ...findingsOf(about("bornDeadSimulated", variant), simulated),
      ...findingsOf(about("bornDeadLowerBound", variant), exactEstimate(low)),
      ...findingsOf(about("bornDeadUpperBound", variant), exactEstimate(high)),
      ...findingsOf(about("bornDeadPaperBound", variant), exactEstimate(paperLowerBound(hiddenLayers, units))),
    ];
  });
}

function codedFindings(results: StudyResults): Finding[] {
  return (["relu", "leakyRelu0.01"] as const).flatMap((activation) => {
    const outcome = codedOutcome(results, activation);
    const variant = (epochs: number): string => `asCoded/${activation}/kaimingUniform/${codedHiddenLayers}x2/${epochs}`;
    const note = `, as coded (${activations[activation].title})`;
    const coded = (id: "zeroSum" | "dead", epochs: number) => ({
      ...about(id, variant(epochs)),
      title: `${titles[id]}${note}`,
    });
    return [
      ...findingsOf(coded("zeroSum", 0), outcome?.zeroAtStart),
      ...findingsOf(coded("zeroSum", codedEpochs), outcome?.zero),
      ...findingsOf(coded("dead", codedEpochs), outcome?.dead),
    ];
  });
}
