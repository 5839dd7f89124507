// Our own statements on initialization, and that on the report's code, each judged by a rule from the numbers of this run.
import type { Claim } from "../../core/findings.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { countText, decimalText } from "../../study/analysis/number-text.js";
import { meanOf, select } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { cells, codedActivations, codedPanels, type Form } from "./design.js";
import { type Quantity, quantities } from "./findings.js";
import { type Measured, measuredIn } from "./measured.js";
import { type Cell, networks, variantOf } from "./networks.js";
import { atStart, lastLoss, trialsOf } from "./readings.js";
import { chi, rangeText, standard } from "./report-claims.js";
import type { InitializationSettings } from "./settings.js";
import { predictionsOf } from "./theory.js";

const ours = "this study";
const missing = { verdict: "inconclusive", evidence: "No finished networks of this kind." } as const;

export function ownClaims(results: StudyResults, settings: InitializationSettings): Claim[] {
  const measured = measuredIn(results, settings);
  return [
    sameUnderThreeTitles(results, measured),
    glorotIsLinear(measured),
    sigmoidVanishes(measured),
    halfOfThemZero(measured),
    theoryHolds(results, settings),
    diagnosisHolds(results, settings),
  ];
}

/** The spread of the panels' deviations: largest over smallest. */
const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);

function sameUnderThreeTitles(results: StudyResults, measured: Measured): Claim {
  const { hiddenLayers, units } = measured;
  const panels = codedActivations.map((activation) =>
    codedPanels.flatMap((panel) => {
      const trials = select(results, { form: "asCoded" satisfies Form, activation, panel });
      const cell: Cell = { network: "mnist", activation, initializer: "glorotNormal", hiddenLayers, units };
      return meanOf(atStart(trials, cell, "activations", "deviation", hiddenLayers))?.value ?? [];
    }),
  );
  const told = standard.flatMap((id) => measured.of("activationDeviation", "tanh", id, hiddenLayers)?.value ?? []);
  const isComplete = panels.every(({ length }) => length === codedPanels.length) && told.length === standard.length;
  const source = "A. Wagh, Lab 3 Report, ECE-GY 9143 (2022), problem 1.1, figures 2 and 4";
  return {
    id: "three-titles",
    source,
    text: "The three panels of figures 2 and 4 show Xavier initialization with deviations 0.10, 0.14 and 0.28.",
    rule: "Erratum if the three panels as coded are equal in every bit, although the deviations of the titles would make them differ by more than a quarter; supported if they differ.",
    ...(!isComplete
      ? missing
      : {
          verdict: panels.some((panel) => spread(panel) !== 1)
            ? "supported"
            : spread(told) > 1.25
              ? "erratum"
              : "inconclusive",
          evidence: `Deviation of activations in the last hidden layer: tanh ${listText(panels[0])}, sigmoid ${listText(panels[1])}. Normal weights of those deviations give tanh ${listText(told)}. The code hands Glorot's initializer to every panel.`,
        }),
  };
}

const listText = (values: readonly number[]): string => values.map((value) => decimalText(value, 3)).join(", ");

const bounds = (estimates: readonly Estimate[]) => ({
  low: Math.min(...estimates.map(({ interval }) => interval?.[0] ?? Number.NEGATIVE_INFINITY)),
  high: Math.max(...estimates.map(({ interval }) => interval?.[1] ?? Number.POSITIVE_INFINITY)),
});

function glorotIsLinear(measured: Measured): Claim {
  const deviations = measured.layers("activationDeviation", "tanh", "glorotNormal");
  const saturated = measured.layers("saturatedFraction", "tanh", "glorotNormal");
  const [wide, full] = [bounds(deviations), bounds(saturated)];
  return {
    id: "glorot-is-linear",
    source: ours,
    text: "Glorot initialization keeps tanh in its linear range.",
    rule: "Supported if in every layer the deviation of activations is below 0.5 and less than 1 % is saturated; not supported if some layer has more of either.",
    ...(deviations.length === 0 || saturated.length === 0
      ? missing
      : {
          verdict:
            wide.high < 0.5 && full.high < 0.01
              ? "supported"
              : worst(deviations) > 0.5 || worst(saturated) > 0.01
                ? "not supported"
                : "inconclusive",
          evidence: `Deviation ${rangeText(deviations)}, saturated at most ${decimalText(100 * Math.max(...saturated.map(({ value }) => value)), 2)} %.`,
        }),
  };
}

/** The largest lower end of an interval: some layer is above it for certain. */
const worst = (estimates: readonly Estimate[]): number =>
  Math.max(...estimates.map(({ interval }) => interval?.[0] ?? Number.NEGATIVE_INFINITY));

function sigmoidVanishes(measured: Measured): Claim {
  const factors = chi(measured, "glorotNormal");
  const { low, high } = bounds(factors);
  return {
    id: "sigmoid-vanishes",
    source: ours,
    text: "Sigmoid vanishes under Glorot as well: squared gradients keep about 0.056 per layer.",
    rule: "Supported if the interval of chi lies within 0.04 and 0.07 in every layer, not supported if that of some layer lies wholly outside.",
    ...(factors.length === 0
      ? missing
      : {
          verdict:
            low > 0.04 && high < 0.07
              ? "supported"
              : factors.some(({ interval = [0.05, 0.05] }) => interval[1] < 0.04 || interval[0] > 0.07)
                ? "not supported"
                : "inconclusive",
          evidence: `Chi is ${rangeText(factors)} in the layers 2 to ${measured.hiddenLayers}.`,
        }),
  };
}

function halfOfThemZero(measured: Measured): Claim {
  const zeros = (["glorotNormal", "heNormal"] as const).flatMap((id) => measured.layers("zeroFraction", "relu", id));
  const [glorot, he] = (["glorotNormal", "heNormal"] as const).map((id) =>
    measured.layers("activationDeviation", "relu", id),
  );
  const isComplete = zeros.length === 2 * measured.hiddenLayers && glorot.length > 0 && he.length > 0;
  const last = measured.hiddenLayers - 1;
  const apart = isComplete ? he[last].value / glorot[last].value : 1;
  const off = Math.max(...zeros.map(({ value }) => Math.abs(value - 0.5)));
  return {
    id: "half-zeros",
    source: ours,
    text: "Half of ReLU's outputs are zero under Glorot and He alike; what differs is the scale.",
    rule: "Supported if every layer has a zero fraction within 0.06 of one half under both, and He's deviation in the last hidden layer is more than twice Glorot's; not supported if either fails.",
    ...(!isComplete
      ? missing
      : {
          verdict: off < 0.06 && apart > 2 ? "supported" : "not supported",
          evidence: `Zeros: ${rangeText(zeros)} of a layer. He's deviation is ${decimalText(apart, 1)} times Glorot's in the last hidden layer.`,
        }),
  };
}

/** Tolerance of mean-field theory at 100 units a layer. */
const tolerance = 0.15;

function theoryHolds(results: StudyResults, settings: InitializationSettings): Claim {
  const compared = cells(settings).flatMap((cell) => {
    const trials = trialsOf(results, "untrained", cell);
    return (["preActivationDeviation", "activationDeviation", "gradientRatio"] as const).flatMap((id) =>
      predictionsOf(cell).flatMap((prediction, i) => {
        const quantity: Quantity = quantities[id];
        const measured = meanOf(quantity.measured(trials, cell, i + 1));
        const predicted = quantity.predicted?.(prediction);
        if (measured === undefined || predicted === undefined) return [];
        return [{ name: `${variantOf(cell)}, layer ${i + 1}`, off: measured.value / predicted - 1 }];
      }),
    );
  });
  const far = compared.filter(({ off }) => Math.abs(off) > tolerance);
  const worstOne = compared.toSorted((a, b) => Math.abs(b.off) - Math.abs(a.off))[0];
  return {
    id: "theory-holds",
    source: "B. Poole et al., NeurIPS 2016; S. S. Schoenholz et al., ICLR 2017",
    text: "Mean-field theory gives the deviations and gradients of layers of finite width.",
    rule: "Supported if at least 95 % of the measured deviations and gradient ratios lie within 15 % of it, not supported if fewer.",
    ...(worstOne === undefined
      ? missing
      : {
          verdict: far.length <= 0.05 * compared.length ? "supported" : "not supported",
          evidence: `Within 15 %: ${countText(compared.length - far.length)} of ${countText(compared.length)} numbers; the farthest is ${decimalText(100 * worstOne.off, 1)} % off (${worstOne.name}).`,
        }),
  };
}

function diagnosisHolds(results: StudyResults, settings: InitializationSettings): Claim {
  const kinds = cells(settings)
    .filter(({ network }) => network === "mnist")
    .flatMap((cell) => {
      const ratio = meanOf(quantities.gradientRatio.measured(trialsOf(results, "untrained", cell), cell, 1));
      const loss = meanOf(lastLoss(trialsOf(results, "trained", cell)));
      return ratio === undefined || loss === undefined ? [] : [{ ratio: ratio.value, loss: loss.value }];
    });
  const chance = networks.mnist.chanceLoss;
  const [vanished, sound] = [
    kinds.filter(({ ratio }) => ratio < 0.03),
    kinds.filter(({ ratio }) => ratio > 0.2 && ratio < 5),
  ];
  const stuck = vanished.filter(({ loss }) => loss > 0.9 * chance).length;
  const learned = sound.filter(({ loss }) => loss < 0.5 * chance).length;
  const decided = vanished.length > 0 && sound.length > 0;
  return {
    id: "diagnosis-holds",
    source: ours,
    text: "The gradient that reaches the first layer at step 0 tells which networks learn.",
    rule: "Supported if at least nine tenths of the kinds with a ratio below 0.03 stay within a tenth of chance, and nine tenths of those between 0.2 and 5 get below half of it; not supported otherwise.",
    ...(!decided
      ? { verdict: "inconclusive", evidence: "No trained networks of both sorts." }
      : {
          verdict: stuck >= 0.9 * vanished.length && learned >= 0.9 * sound.length ? "supported" : "not supported",
          evidence: `After ${countText(settings.steps, "update")}, ${countText(stuck)} of ${countText(vanished.length)} kinds with a vanished gradient are still at chance, and ${countText(learned)} of ${countText(sound.length)} with a sound one have learned.`,
        }),
  };
}
