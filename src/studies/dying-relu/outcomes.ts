// The outcomes of the design as shares of networks: by kind of network and by the epochs trained, by depth and width, and
// of the report's code.
import { groupBy } from "../../core/group-by.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { select } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { baseCell, cells, type Form, factorsOf } from "./design.js";
import { type Fate, fatesAt, isDead, isFlat, isZero, type Reading, readingsOf } from "./fates.js";
import { type ActivationId, type Cell, targetRange } from "./networks.js";
import type { DyingReluSettings } from "./settings.js";
import { share } from "./shares.js";
import { simulatedBornDead } from "./simulation.js";
import { exactBornDead } from "./theory.js";

/** What became of one kind of network after a number of epochs. */
export interface Outcome {
  readonly cell: Cell;
  readonly epochs: number;
  readonly bornDead: Estimate;
  readonly dead: Estimate;
  readonly flat: Estimate;
  /** Born alive, dead now. */
  readonly died: Estimate;
}

/** One outcome per kind of network and number of epochs, in the order of the design. Trials that are missing have none. */
export function outcomes(results: StudyResults, settings: DyingReluSettings): Outcome[] {
  return cells(settings).flatMap((cell) => {
    const trials = select(results, { form: "trained" satisfies Form, ...factorsOf(cell) });
    const range = targetRange(cell.target);
    // The last reading is that of the longest training.
    return [...settings.epochs]
      .sort((a, b) => a - b)
      .flatMap((epochs): Outcome[] => {
        const pairs = trials.flatMap((trial) => {
          const readings = readingsOf(trial);
          const steps = readings.at(-1)?.step ?? 0;
          return startAndEnd(readings, Math.round((steps * epochs) / Math.max(...settings.epochs)));
        });
        if (pairs.length === 0) return [];
        const count = (holds: (pair: StartAndEnd) => boolean): Estimate =>
          share(pairs.filter(holds).length, pairs.length);
        return [
          {
            cell,
            epochs,
            bornDead: count(({ start }) => isDead(start)),
            dead: count(({ end }) => isDead(end)),
            flat: count(({ end }) => isFlat(end, range)),
            died: count(({ start, end }) => !isDead(start) && isDead(end)),
          },
        ];
      });
  });
}

interface StartAndEnd {
  readonly start: Fate;
  readonly end: Fate;
}

/** Every network that has both readings. */
function startAndEnd(readings: readonly Reading[], step: number): StartAndEnd[] {
  const first = readings.find((reading) => reading.step === 0)?.fates ?? [];
  const last = readings.find((reading) => reading.step === step)?.fates ?? [];
  return first.flatMap((start, network) => {
    const end = last[network];
    return start === undefined || end === undefined ? [] : [{ start, end }];
  });
}

/** Untrained networks of one depth and width, beside what theory says of them. */
export interface BornDead {
  readonly hiddenLayers: number;
  readonly units: number;
  readonly measured: Estimate;
  /** Where an exact formula exists. */
  readonly exact?: number;
  /** Elsewhere. */
  readonly simulated?: Estimate;
}

/** Depths and widths of the settings, and those of the trained networks, by width and then depth. */
export function bornDead(results: StudyResults, settings: DyingReluSettings): BornDead[] {
  const depths = [...settings.depths].sort((a, b) => a - b);
  const deepest = depths[depths.length - 1];
  return [...settings.widths]
    .sort((a, b) => a - b)
    .flatMap((units) => {
      const trials = select(results, { form: "depths" satisfies Form, network: `${deepest}x${units}` });
      const fates = trials.flatMap((trial) => fatesAt(readingsOf(trial), 0) ?? []);
      if (fates.length === 0) return [];
      const theory = theoryOf(deepest, units, settings.simulated);
      return depths.map((hiddenLayers) => ({
        ...{ hiddenLayers, units, ...theory(hiddenLayers) },
        measured: share(fates.filter(({ deadLayer = Infinity }) => deadLayer <= hiddenLayers).length, fates.length),
      }));
    });
}

type Theory = (hiddenLayers: number) => { readonly exact: number } | { readonly simulated: Estimate };

/** Findings, claims, tables and figures ask for the same theory, and a simulation takes a second. */
const known = new Map<string, Theory>();

/** What theory says at a depth: exact for one or two units, simulated for more. */
export function theoryOf(deepest: number, units: number, networks: number): Theory {
  const key = `${deepest} ${units} ${networks}`;
  const theory = known.get(key) ?? newTheory(deepest, units, networks);
  known.set(key, theory);
  return theory;
}

function newTheory(deepest: number, units: number, networks: number): Theory {
  const exact = exactBornDead(deepest, units);
  if (exact !== undefined) return (hiddenLayers) => ({ exact: exact[hiddenLayers - 1] });
  const simulated = simulatedBornDead(deepest, units, networks);
  return (hiddenLayers) => ({ simulated: simulated[hiddenLayers - 1] });
}

/** What became of the networks of the report's code. */
export interface CodedOutcome {
  readonly activation: ActivationId;
  readonly zeroAtStart: Estimate;
  readonly zero: Estimate;
  readonly dead: Estimate;
}

export function codedOutcome(results: StudyResults, activation: ActivationId): CodedOutcome | undefined {
  const pairs = select(results, { form: "asCoded" satisfies Form, activation }).flatMap((trial) => {
    const readings = readingsOf(trial);
    return startAndEnd(readings, readings.at(-1)?.step ?? 0);
  });
  if (pairs.length === 0) return undefined;
  const count = (holds: (pair: StartAndEnd) => boolean): Estimate => share(pairs.filter(holds).length, pairs.length);
  return {
    activation,
    zeroAtStart: count(({ start }) => isZero(start)),
    zero: count(({ end }) => isZero(end)),
    dead: count(({ end }) => isDead(end)),
  };
}

/** The share of the base case's networks that are alive at each reading. */
export function survival(results: StudyResults, settings: DyingReluSettings): { step: number; alive: Estimate }[] {
  const trials = select(results, { form: "trained" satisfies Form, ...factorsOf(baseCell(settings)) });
  const readings = trials.flatMap(readingsOf).map(({ step, fates }) => ({
    step,
    fates: fates.filter((fate) => fate !== undefined),
  }));
  return [...groupBy(readings, ({ step }) => `${step}`)]
    .map(([step, group]) => ({ step: Number(step), fates: group.flatMap(({ fates }) => fates) }))
    .filter(({ fates }) => fates.length > 0)
    .sort((a, b) => a.step - b.step)
    .map(({ step, fates }) => ({
      step,
      alive: share(fates.filter((fate) => !isDead(fate)).length, fates.length),
    }));
}
