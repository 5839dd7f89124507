// Statements of the report on initialization, each judged by a rule from the numbers of this run.
import type { Claim, Verdict } from "../../core/findings.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { judge } from "../../study/analysis/judge.js";
import { decimalText, estimateText } from "../../study/analysis/number-text.js";
import { proportionOf, type Samples } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { keptFraction } from "./kept-fractions.js";
import { type Measured, measuredIn } from "./measured.js";
import type { InitializerId } from "./networks.js";
import type { InitializationSettings } from "./settings.js";

const source = (part: string): string => `A. Wagh, Lab 3 Report, ECE-GY 9143 (2022), problem 1.1, ${part}`;

/** The initializers that the report calls standard. */
export const standard: readonly InitializerId[] = ["normal0.1", "normal0.14", "normal0.28"];

const none = { verdict: "inconclusive" as Verdict, evidence: "No finished networks of this kind." };
const low = (estimate: Estimate): number => estimate.interval?.[0] ?? Number.NEGATIVE_INFINITY;
const high = (estimate: Estimate): number => estimate.interval?.[1] ?? Number.POSITIVE_INFINITY;
const text = (estimate: Estimate): string => estimateText(estimate, 3);
const percent = (value: number): string => `${decimalText(100 * value, 0)} %`;

/** Fractions below which two initializers do not differ: two units of 100. */
const negligible = 0.02;

export function reportClaims(results: StudyResults, settings: InitializationSettings): Claim[] {
  const measured = measuredIn(results, settings);
  return [
    smallFactors(measured),
    largeFactors(measured),
    zeroOutputs(measured),
    nearTheEnds(measured),
    saturationVanishes(measured),
    glorotFixesTanh(measured),
    sigmoidEnds(measured),
    middle(results, settings),
    middleHelps(measured),
    middlePreventsExplosion(measured),
    manyZeros(measured),
    heSavesUnits(measured),
    heIsBetter(measured),
    leakyHelps(measured),
  ];
}

function smallFactors(measured: Measured): Claim {
  return {
    id: "small-factors",
    source: source("first paragraph"),
    text: "A product of many small factors makes gradients vanish.",
    rule: "Supported if the first hidden layer of sigmoid with Glorot gets less than a hundredth of the last one's gradient.",
    ...judge(
      measured.of("gradientRatio", "sigmoid", "glorotNormal", 1),
      { below: 0.01 },
      { what: "First / last gradient", text: (estimate) => estimateText(estimate, 4), replicates: "network" },
    ),
  };
}

function largeFactors(measured: Measured): Claim {
  return {
    id: "large-factors",
    source: source("second paragraph"),
    text: "A product of many large factors makes gradients explode.",
    rule: "Supported if the first hidden layer of ReLU with deviation 0.28 gets more than five times the last one's gradient.",
    ...judge(
      measured.of("gradientRatio", "relu", "normal0.28", 1),
      { above: 5 },
      { what: "First / last gradient", replicates: "network" },
    ),
  };
}

/** The mean square slope of the activation in layer 2: the measured factor over the gain of the weights. */
function slope(measured: Measured, initializer: InitializerId, gain: number): Estimate | undefined {
  const factor = measured.of("gradientFactor", "tanh", initializer, 2);
  if (factor === undefined) return undefined;
  const { value, interval } = factor;
  return {
    ...factor,
    value: value / gain,
    ...(interval === undefined ? {} : { interval: [interval[0] / gain, interval[1] / gain] }),
  };
}

function zeroOutputs(measured: Measured): Claim {
  const near = slope(measured, "glorotNormal", 1);
  const far = slope(measured, "normal0.28", measured.units * 0.28 ** 2);
  const holds = near !== undefined && far !== undefined && low(near) > high(far);
  const fails = near !== undefined && far !== undefined && high(near) < low(far);
  return {
    id: "zero-outputs",
    source: source("third paragraph"),
    text: "Outputs of tanh and sigmoid must not be close to zero, since gradients would be zero there.",
    rule: "Erratum if tanh passes more of the gradient where outputs are nearer to zero (Glorot against deviation 0.28); supported if it passes less.",
    verdict: holds ? "erratum" : fails ? "supported" : "inconclusive",
    evidence:
      near === undefined || far === undefined
        ? none.evidence
        : `Mean square slope of tanh in layer 2: ${text(near)} with Glorot, ${text(far)} with deviation 0.28. The slope of tanh is largest at 0, where it is 1, that of sigmoid too, 1/4 at 0 input; large outputs lose it.`,
  };
}

/** Supported if all initializers saturate more than half of the first layer, not supported if at most one does. */
function ends(measured: Measured, activation: "tanh" | "sigmoid"): Pick<Claim, "verdict" | "evidence"> {
  const found = standard.map((initializer) => measured.of("saturatedFraction", activation, initializer, 1));
  const estimates = found.flatMap((estimate) => estimate ?? []);
  if (estimates.length < standard.length) return none;
  const above = estimates.filter((estimate) => low(estimate) > 0.5).length;
  const below = estimates.filter((estimate) => high(estimate) < 0.5).length;
  return {
    verdict: above === estimates.length ? "supported" : below >= 2 ? "not supported" : "inconclusive",
    evidence: `Saturated in layer 1: ${standard.map((initializer, i) => `${percent(estimates[i].value)} with deviation ${initializer.slice("normal".length)}`).join(", ")}.`,
  };
}

function nearTheEnds(measured: Measured): Claim {
  return {
    id: "tanh-ends",
    source: source("figure 1"),
    text: "With standard initialization the outputs of tanh are near -1 and 1.",
    rule: "Supported if more than half of the first layer's outputs lie beyond 0.9 with each of the deviations 0.10, 0.14 and 0.28; not supported if this fails for two of them.",
    ...ends(measured, "tanh"),
  };
}

function sigmoidEnds(measured: Measured): Claim {
  return {
    id: "sigmoid-ends",
    source: source("figure 3"),
    text: "With standard initialization many outputs of sigmoid are 0 or 1.",
    rule: "Supported if more than half of the first layer's outputs lie below 0.1 or above 0.9 with each of the three deviations; not supported if this fails for two of them.",
    ...ends(measured, "sigmoid"),
  };
}

function saturationVanishes(measured: Measured): Claim {
  return {
    id: "saturation-vanishes",
    source: source("figure 1"),
    text: "Because tanh saturates with large weights, its gradients vanish.",
    rule: "Supported if the first hidden layer of tanh with deviation 0.28 gets less gradient than the last, not supported if more.",
    ...judge(
      measured.of("gradientRatio", "tanh", "normal0.28", 1),
      { below: 1 },
      { what: "First / last gradient (the large weights outweigh the small slopes)", replicates: "network" },
    ),
  };
}

function glorotFixesTanh(measured: Measured): Claim {
  const saturated = measured.layers("saturatedFraction", "tanh", "glorotNormal");
  const ratio = measured.of("gradientRatio", "tanh", "glorotNormal", 1);
  const missing = saturated.length === 0 || ratio === undefined;
  const most = Math.max(...saturated.map(high));
  return {
    id: "glorot-fixes-tanh",
    source: source("figure 2"),
    text: "Xavier initialization keeps tanh away from saturation, and gradients do not vanish.",
    rule: "Supported if less than 5 % of every layer are saturated and the first hidden layer gets more than half of the last one's gradient; not supported if one of the two is clearly wrong.",
    verdict: missing
      ? "inconclusive"
      : most < 0.05 && low(ratio) > 0.5
        ? "supported"
        : Math.max(...saturated.map(low)) > 0.05 || high(ratio) < 0.5
          ? "not supported"
          : "inconclusive",
    evidence: missing
      ? none.evidence
      : `Saturated: at most ${decimalText(100 * Math.max(...saturated.map(({ value }) => value)), 1)} % of a layer. First / last gradient: ${text(ratio)}.`,
  };
}

function middle(results: StudyResults, settings: InitializationSettings): Claim {
  const samples = keptFraction(results, settings, "sigmoid", "glorotNormal", (y) => y >= 0.25 && y <= 0.75);
  const share = proportionOf(samples, (value) => value > 0.5);
  const average = mean(samples);
  return {
    id: "sigmoid-middle",
    source: source("figure 4"),
    text: "With Xavier initialization most outputs of sigmoid lie between 0.25 and 0.75.",
    rule: "Supported if this holds for more than half of the outputs of every network looked at; not supported if for none.",
    verdict:
      share === undefined
        ? "inconclusive"
        : share.value === 1
          ? "supported"
          : share.value === 0
            ? "not supported"
            : "inconclusive",
    evidence:
      share === undefined ? none.evidence : `${percent(average)} of the outputs of the hidden layers lie there.`,
  };
}

const mean = ({ values }: Samples): number =>
  values.reduce((sum, { value }) => sum + value, 0) / Math.max(1, values.length);

function middleHelps(measured: Measured): Claim {
  const ratio = measured.of("gradientRatio", "sigmoid", "glorotNormal", 1);
  const factors = chi(measured, "glorotNormal");
  const missing = ratio === undefined || factors.length === 0;
  return {
    id: "middle-helps",
    source: source("figure 4"),
    text: "Outputs of sigmoid in the middle make its gradients fine.",
    rule: "Erratum if squared gradients still lose more than nine tenths per layer and the first hidden layer gets less than a hundredth; supported if it gets more than half.",
    verdict: missing
      ? "inconclusive"
      : Math.max(...factors.map(high)) < 0.1 && high(ratio) < 0.01
        ? "erratum"
        : low(ratio) > 0.5
          ? "supported"
          : "inconclusive",
    evidence: missing
      ? none.evidence
      : `Factor of squared gradients per layer: ${rangeText(factors)}; first / last gradient ${estimateText(ratio, 4)}. The slope of sigmoid is at most 1/4, at most 0.25^5 = 0.00098 over five layers.`,
  };
}

/** Measured chi of sigmoid in layers 2, 3, ...; empty if some are missing. */
export function chi(measured: Measured, initializer: InitializerId): Estimate[] {
  const layers = Array.from({ length: Math.max(0, measured.hiddenLayers - 1) }, (_, i) => i + 2);
  const found = layers.flatMap((layer) => measured.of("gradientFactor", "sigmoid", initializer, layer) ?? []);
  return found.length === layers.length ? found : [];
}

export function rangeText(estimates: readonly Estimate[]): string {
  const values = estimates.map(({ value }) => value);
  return `${decimalText(Math.min(...values), 3)} to ${decimalText(Math.max(...values), 3)}`;
}

function middlePreventsExplosion(measured: Measured): Claim {
  const factors = chi(measured, "normal0.28");
  const saturated = measured.of("saturatedFraction", "sigmoid", "normal0.28", 1);
  const missing = factors.length === 0 || saturated === undefined;
  return {
    id: "middle-prevents-explosion",
    source: source("figure 4"),
    text: "Outputs of sigmoid in the middle keep gradients from exploding.",
    rule: "Erratum if gradients shrink as well (chi below 1 in every layer) with deviation 0.28, where more than half of the first layer is saturated; supported if they grow there.",
    verdict: missing
      ? "inconclusive"
      : Math.max(...factors.map(high)) < 1 && low(saturated) > 0.5
        ? "erratum"
        : Math.min(...factors.map(low)) > 1
          ? "supported"
          : "inconclusive",
    evidence: missing
      ? none.evidence
      : `With deviation 0.28 ${percent(saturated.value)} of layer 1 are below 0.1 or above 0.9, and chi is ${rangeText(factors)}. Explosion is a matter of chi above 1, so of the scale of weights, not of where outputs sit.`,
  };
}

function manyZeros(measured: Measured): Claim {
  const gap = measured.largestDifference("zeroFraction", "relu", "glorotNormal", "heNormal");
  const zeros = measured.layers("zeroFraction", "relu", "glorotNormal");
  return {
    id: "many-zeros",
    source: source("figure 5"),
    text: "With Xavier initialization many outputs of ReLU are zero, in contrast to He.",
    rule: `Erratum if the zero fractions of Glorot and He, same seeds, differ by less than ${negligible} in every layer; supported if by more in some.`,
    verdict: gap === undefined || zeros.length === 0 ? "inconclusive" : gap < negligible ? "erratum" : "supported",
    evidence:
      gap === undefined || zeros.length === 0
        ? none.evidence
        : `Zeros: ${rangeText(zeros)} of a layer with Glorot; the largest difference to He is ${decimalText(gap, 4)}. A positive factor on the weights changes no sign.`,
  };
}

function heSavesUnits(measured: Measured): Claim {
  const gap = measured.largestDifference("deadFraction", "relu", "glorotNormal", "heNormal");
  const dead = measured.layers("deadFraction", "relu", "heNormal");
  return {
    id: "he-saves-units",
    source: source("figure 6"),
    text: "He initialization decreases the chance of dead neurons significantly.",
    rule: `Not supported if the fractions of dead units before training, same seeds, differ by less than ${negligible} in every layer; supported if by more in some.`,
    verdict: gap === undefined || dead.length === 0 ? "inconclusive" : gap < negligible ? "not supported" : "supported",
    evidence:
      gap === undefined || dead.length === 0
        ? none.evidence
        : `Dead units with He: ${rangeText(dead)} of a layer; the largest difference to Glorot is ${decimalText(gap, 4)}.`,
  };
}

/** The deviation of activations in the last layer, divided by that in the first. */
function kept(measured: Measured, initializer: InitializerId): number | undefined {
  const deviations = measured.layers("activationDeviation", "relu", initializer);
  return deviations.length === 0 ? undefined : deviations[deviations.length - 1].value / deviations[0].value;
}

function heIsBetter(measured: Measured): Claim {
  const [glorot, he] = [kept(measured, "glorotNormal"), kept(measured, "heNormal")];
  const missing = glorot === undefined || he === undefined;
  return {
    id: "he-is-better",
    source: source("figure 6"),
    text: "The distribution of ReLU's outputs is much better with He than with Xavier.",
    rule: "Supported if the deviation of the last hidden layer is within a third of the first one's with He and less than half of it with Glorot; not supported if Glorot keeps it better.",
    verdict: missing
      ? "inconclusive"
      : Math.abs(Math.log(he)) < Math.log(1.5) && glorot < 0.5
        ? "supported"
        : Math.abs(Math.log(glorot)) < Math.abs(Math.log(he))
          ? "not supported"
          : "inconclusive",
    evidence: missing
      ? none.evidence
      : `Deviation of the last hidden layer over that of the first: ${decimalText(he, 2)} with He, ${decimalText(glorot, 2)} with Glorot. Theory: 1 and ${decimalText(0.5 ** ((measured.hiddenLayers - 1) / 2), 2)}.`,
  };
}

function leakyHelps(measured: Measured): Claim {
  const gap = measured.firstDifference("gradientRatio", "glorotNormal", "leakyRelu", "relu");
  const ratio = measured.of("gradientRatio", "leakyRelu", "glorotNormal", 1);
  return {
    id: "leaky-helps",
    source: source("third paragraph"),
    text: "Leaky ReLU helps against vanishing gradients.",
    rule: `Not supported if the first / last gradient of leaky ReLU (slope 0.01) and of ReLU, Glorot, same seeds, differ by less than ${negligible}; supported if leaky ReLU's is larger by more.`,
    verdict:
      gap?.interval === undefined || ratio === undefined
        ? "inconclusive"
        : Math.max(...gap.interval.map(Math.abs)) < negligible
          ? "not supported"
          : low(gap) > negligible
            ? "supported"
            : "inconclusive",
    evidence:
      gap === undefined || ratio === undefined
        ? none.evidence
        : `First / last gradient of leaky ReLU with Glorot: ${text(ratio)}; minus that of ReLU: ${estimateText(gap, 4)}. A slope of 0.01 passes a ten-thousandth of the squared gradient.`,
  };
}
