// Statements of the report and of the paper on collapsed networks, each judged by a rule from the numbers of this run.
import type { Claim } from "../../core/findings.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { judge } from "../../study/analysis/judge.js";
import { countText, percentText } from "../../study/analysis/number-text.js";
import type { StudyResults } from "../../study/definition.js";
import { targets } from "./networks.js";
import { bornDead, codedOutcome, type Outcome, outcomes } from "./outcomes.js";
import type { DyingReluSettings } from "./settings.js";
import { paperLowerBound } from "./theory.js";

export const report = "A. Wagh, Lab 3 Report, ECE-GY 9143 (2022), problem 1.2";
export const paper = "L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, Dying ReLU and initialization, CiCP 28(5), 2020";

/** The share of dead networks in the report: 643 of 1,000. */
export const reported = 0.643;

/** Wider intervals agree with too many numbers to support one. */
const decisive = 0.1;

const text = (estimate: Pick<Estimate, "value" | "interval">): string => percentText(estimate);

export function claims(results: StudyResults, settings: DyingReluSettings): Claim[] {
  const all = outcomes(results, settings);
  return [
    reportedShare(results, all),
    codeExplains(results),
    leakyNeverDies(results, all),
    overNinety(all),
    bornNotKilled(all),
    deadImpliedByBorn(all),
    exactTheory(results, settings),
    boundBelow(results, settings),
    asymmetricHelps(all),
  ];
}

/** A kind of network after its shortest training. */
function outcomeOf(all: readonly Outcome[], wanted: Partial<Outcome["cell"]>): Outcome | undefined {
  return all.find(({ cell }) =>
    Object.entries(wanted).every(([key, value]) => cell[key as keyof Outcome["cell"]] === value),
  );
}

function sizeText({ cell, epochs }: Outcome): string {
  return `${targets[cell.target].title}, ${cell.hiddenLayers} hidden layers of ${cell.units}, ${countText(epochs, "epoch")}`;
}

function reportedShare(results: StudyResults, all: readonly Outcome[]): Claim {
  const outcome = outcomeOf(all, { target: "x-sin-5x", activation: "relu", initializer: "heNormal" });
  const interval = outcome?.dead.interval;
  const excluded = interval !== undefined && (interval[0] > reported || interval[1] < reported);
  const coded = codedOutcome(results, "relu");
  return {
    id: "reported-share",
    source: report,
    text: "64.3 % of 1,000 networks of 10 hidden layers with 2 units die while they learn x sin 5x.",
    rule: "Erratum if the interval of structurally dead networks, with the stated network and data, excludes 64.3 %.",
    verdict: outcome === undefined ? "inconclusive" : excluded ? "erratum" : "supported",
    evidence:
      outcome === undefined
        ? "No finished networks of this kind."
        : `Dead: ${text(outcome.dead)} (${sizeText(outcome)}); ${text(outcome.bornDead)} were dead before training.${
            coded === undefined
              ? ""
              : " The report's code has 11 hidden layers and a ReLU on the output, and its normalization turns every input into -1 or 1 and every target into -0.959."
          }`,
  };
}

function codeExplains(results: StudyResults): Claim {
  const outcome = codedOutcome(results, "relu");
  return {
    id: "code-explains",
    source: "this study",
    text: "The report's 64.3 % is the share of networks whose outputs sum to 0 in the network that its code builds.",
    rule: `Supported if the interval of the as-coded networks contains 64.3 % and is narrower than ${100 * decisive} percentage points; not supported if it excludes the number.`,
    ...(outcome?.zero.interval === undefined
      ? { verdict: "inconclusive", evidence: "No finished as-coded networks." }
      : {
          verdict: !contains(outcome.zero, reported)
            ? "not supported"
            : outcome.zero.interval[1] - outcome.zero.interval[0] < decisive
              ? "supported"
              : "inconclusive",
          evidence: `All outputs 0: ${text(outcome.zero)} of ${countText(outcome.zero.n)} networks, ${text(outcome.zeroAtStart)} before training. With a dead hidden layer: ${text(outcome.dead)}. An output ReLU on a negative target is 0 as soon as it does its best.`,
        }),
  };
}

const contains = ({ interval = [Number.NaN, Number.NaN] }: Estimate, value: number): boolean =>
  interval[0] <= value && value <= interval[1];

function leakyNeverDies(results: StudyResults, all: readonly Outcome[]): Claim {
  const outcome = outcomeOf(all, { activation: "leakyRelu0.01", initializer: "heNormal" });
  const coded = codedOutcome(results, "leakyRelu0.01");
  const collapsed = outcome !== undefined && (outcome.flat.interval?.[0] ?? 0) > 0.1;
  return {
    id: "leaky-never-dies",
    source: report,
    text: "With leaky ReLU no network is dead in 1,000 simulations.",
    rule: "Erratum if the as-coded test finds none while more than 10 % of the corrected networks end flat: the test, sum of outputs = 0, cannot fire.",
    verdict: coded !== undefined && coded.zero.value === 0 && collapsed ? "erratum" : "inconclusive",
    evidence: [
      coded === undefined ? "No finished as-coded networks." : `As coded, all outputs 0: ${text(coded.zero)}.`,
      outcome === undefined
        ? "No finished networks with leaky ReLU."
        : `Output flat to a thousandth of the target's range: ${text(outcome.flat)} (${sizeText(outcome)}); a layer without live units: ${text(outcome.dead)}.`,
    ].join(" "),
  };
}

function overNinety(all: readonly Outcome[]): Claim {
  const outcome = outcomeOf(all, { target: "absolute-value", activation: "relu", initializer: "heNormal" });
  return {
    id: "over-ninety",
    source: paper,
    text: "More than 90 % of ReLU networks of 10 hidden layers with 2 units collapse while they learn |x|.",
    rule: "Supported if the interval of dead networks lies wholly above 90 %.",
    ...judge(outcome?.dead, { above: 0.9 }, { what: "Dead", text, replicates: "network" }),
  };
}

function bornNotKilled(all: readonly Outcome[]): Claim {
  const outcome = outcomeOf(all, { activation: "relu", initializer: "heNormal" });
  return {
    id: "born-not-killed",
    source: "this study",
    text: "Most dead networks were dead before training; few die in it.",
    rule: "Supported if the interval of networks that die in training lies wholly below 10 %.",
    ...judge(
      outcome?.died,
      { below: 0.1 },
      { what: "Alive at first, dead after training", text, replicates: "network" },
    ),
  };
}

/** A dead layer gets no gradient, so nothing can revive it. */
function deadImpliedByBorn(all: readonly Outcome[]): Claim {
  const revived = all
    .filter(({ cell }) => cell.activation === "relu")
    .map((outcome) => outcome.bornDead.value + outcome.died.value - outcome.dead.value);
  // Shares are quotients, so equal counts differ by rounding.
  const some = revived.filter((part) => part > 1e-9).length;
  return {
    id: "no-revival",
    source: `${paper}, theorem on networks that are born dead`,
    text: "A network that is born dead stays dead, whatever gradient method and loss train it.",
    rule: "Supported if no ReLU network that is dead before training is alive after it; not supported otherwise.",
    verdict: revived.length === 0 ? "inconclusive" : some === 0 ? "supported" : "not supported",
    evidence:
      revived.length === 0
        ? "No finished ReLU networks."
        : `Revived networks in ${countText(some)} of ${countText(revived.length, "case")} with ReLU.`,
  };
}

function exactTheory(results: StudyResults, settings: DyingReluSettings): Claim {
  const compared = bornDead(results, settings).filter(({ exact }) => exact !== undefined);
  const outside = compared.filter(({ measured, exact = 0 }) => !contains(measured, exact));
  const gaps = compared.map(({ measured, exact = 0 }) => Math.abs(measured.value - exact));
  // 99 % intervals miss one in a hundred by chance.
  const allowed = Math.max(1, Math.ceil(0.05 * compared.length));
  return {
    id: "exact-theory",
    source: "this study",
    text: "The recurrence over angles gives the share of networks of one or two units per layer that are born dead.",
    rule: "Supported if at least 95 % of the 99 % intervals contain the exact value; not supported otherwise.",
    verdict: compared.length === 0 ? "inconclusive" : outside.length < allowed ? "supported" : "not supported",
    evidence:
      compared.length === 0
        ? "No untrained networks of one or two units."
        : `${countText(compared.length - outside.length)} of ${countText(compared.length)} intervals contain it; the largest difference is ${(100 * Math.max(...gaps)).toFixed(1)} percentage points.`,
  };
}

function boundBelow(results: StudyResults, settings: DyingReluSettings): Claim {
  const compared = bornDead(results, settings);
  const above = compared.filter(
    ({ hiddenLayers, units, measured }) => (measured.interval?.[1] ?? 1) < paperLowerBound(hiddenLayers, units) - 1e-9,
  );
  return {
    id: "paper-bound",
    source: `${paper}, lower bound for constant width`,
    text: "The share of networks that are born dead is at least the bound of the paper, at every depth and width.",
    rule: "Supported if no interval lies wholly below the bound; not supported otherwise.",
    verdict: compared.length === 0 ? "inconclusive" : above.length === 0 ? "supported" : "not supported",
    evidence:
      compared.length === 0
        ? "No untrained networks."
        : `Wholly below the bound: ${countText(above.length)} of ${countText(compared.length)} intervals.`,
  };
}

function asymmetricHelps(all: readonly Outcome[]): Claim {
  const [he, asymmetric] = (["heNormal", "randomizedAsymmetric"] as const).map((initializer) =>
    outcomeOf(all, { activation: "relu", initializer }),
  );
  const [a, b] = [asymmetric?.dead.interval, he?.dead.interval];
  return {
    id: "asymmetric-helps",
    source: `${paper}, randomized asymmetric initialization`,
    text: "Randomized asymmetric initialization lets fewer networks die than He's.",
    rule: "Supported if its interval lies wholly below that of He initialization, not supported if wholly above.",
    verdict:
      a === undefined || b === undefined
        ? "inconclusive"
        : a[1] < b[0]
          ? "supported"
          : a[0] > b[1]
            ? "not supported"
            : "inconclusive",
    evidence:
      asymmetric === undefined || he === undefined
        ? "One of the two was not trained."
        : `Dead: ${text(asymmetric.dead)} against ${text(he.dead)}; born dead: ${text(asymmetric.bornDead)} against ${text(he.bornDead)}.`,
  };
}
