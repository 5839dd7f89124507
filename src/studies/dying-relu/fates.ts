// What became of every network at a reading: which layer is dead, whether the output is flat or zero.
import type { SeriesBlock } from "../../core/rows.js";
import type { TrialResult } from "../../study/definition.js";

/** One network at one moment. */
export interface Fate {
  /** The first hidden layer, from 1, whose units are 0 for every input of the grid. Absent if all layers are alive. */
  readonly deadLayer?: number;
  /** Smallest and largest output over the grid. */
  readonly low: number;
  readonly high: number;
}

export interface Reading {
  /** Updates done before it. */
  readonly step: number;
  /** One fate per network; undefined where the network diverged. */
  readonly fates: readonly (Fate | undefined)[];
}

/** Structural death: some hidden layer has no live unit, so no gradient passes. */
export const isDead = (fate: Fate): boolean => fate.deadLayer !== undefined;

/** Outputs within this share of the target's range count as constant. */
export const flatness = 1e-3;

/** Tolerance: the output varies by less than a thousandth of the target's range. */
export const isFlat = (fate: Fate, range: number): boolean => fate.high - fate.low < flatness * range;

/** The test of the report: the sum of the outputs is 0. Its outputs are not negative, so they are all 0. */
export const isZero = (fate: Fate): boolean => fate.low === 0 && fate.high === 0;

/** The readings of a trial by ascending step; none if it diverged before the first. */
export function readingsOf(result: TrialResult): Reading[] {
  const low = outputsByLayer(result.series, "activations.minimum");
  const high = outputsByLayer(result.series, "activations.maximum");
  if (low.output === undefined || high.output === undefined) return [];
  const lost = new Set(result.diverged);
  return [...low.output.steps].map((step, row) => ({
    step,
    fates: Array.from({ length: result.networks }, (_, network) => {
      if (result.status === "diverged" || lost.has(network)) return undefined;
      const at = (block: SeriesBlock): number => block.values[row * result.networks + network];
      const dead = low.hidden.findIndex((block, layer) => at(block) === 0 && at(high.hidden[layer]) === 0);
      return {
        ...(dead === -1 ? {} : { deadLayer: dead + 1 }),
        low: at(low.output as SeriesBlock),
        high: at(high.output as SeriesBlock),
      };
    }),
  }));
}

interface Outputs {
  /** Of the hidden layers, in their order. */
  readonly hidden: readonly SeriesBlock[];
  readonly output?: SeriesBlock;
}

function outputsByLayer(series: readonly SeriesBlock[], metric: string): Outputs {
  const blocks = series.filter((block) => block.metric === metric);
  const output = blocks.find(({ path }) => path === "output");
  const place = ({ path }: SeriesBlock): number => Number(/\[(\d+)\]/.exec(path)?.[1]);
  const hidden = blocks.filter(({ path }) => path !== "output").sort((a, b) => place(a) - place(b));
  return { hidden, ...(output === undefined ? {} : { output }) };
}

/** The fates at a step, without the networks that diverged; undefined if there was no reading. */
export function fatesAt(readings: readonly Reading[], step: number): Fate[] | undefined {
  const fates = readings.find((reading) => reading.step === step)?.fates.filter((fate) => fate !== undefined);
  return fates === undefined || fates.length === 0 ? undefined : fates;
}
