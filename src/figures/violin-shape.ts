// The geometry of violins: the position of each group of values, its outline and its ticks.

import { groupBy } from "../core/group-by.js";
import { kernelDensity } from "../core/statistics/density.js";
import { quantile } from "../core/statistics/statistics.js";
import type { Level } from "./level.js";

/** One number of one layer in one trial: one channel's learned scale, one unit's activation. */
export interface ViolinRow {
  readonly variant: string;
  readonly seed: number;
  readonly layer: string;
  /** The quantity, one panel each: `scale`, `shift`. */
  readonly metric: string;
  readonly value: number;
}

/** All values of one variant, layer and metric. */
export interface ViolinGroup {
  /** Indices in the lists of variants and layers. */
  readonly variant: number;
  readonly layer: number;
  readonly metric: string;
  readonly values: readonly number[];
  /** A violin needs a layer with several values per seed that are not all equal. */
  readonly hasDensity: boolean;
}

/** A horizontal piece of an outline at height `value`. */
export type OutlinePoint = {
  readonly variant: string;
  /** Center of the violin, which also identifies it. */
  readonly place: number;
  readonly value: number;
  readonly left: number;
  readonly right: number;
};

/** A horizontal line at height `value`, `weight` pixels thick. */
export type Tick = Omit<OutlinePoint, "place"> & { readonly weight: number };

export interface ViolinShape {
  /** Empty if there is no density. */
  readonly outline: readonly OutlinePoint[];
  readonly ticks: readonly Tick[];
}

/** Rows by variant, layer and metric. */
export function violinGroups(
  rows: readonly ViolinRow[],
  variants: readonly Level[],
  layers: readonly Level[],
): ViolinGroup[] {
  const groups = groupBy(rows, (row) => JSON.stringify([row.metric, row.layer, row.variant]));
  return [...groups.values()].map((group) => {
    const { variant, layer, metric } = group[0];
    const perSeed = groupBy(group, (row) => String(row.seed));
    const values = group.map((row) => row.value);
    const isSpread = values.some((value) => value !== values[0]);
    return {
      variant: variants.findIndex(({ id }) => id === variant),
      layer: layers.findIndex(({ id }) => id === layer),
      metric,
      values,
      hasDensity: isSpread && [...perSeed.values()].some((seedRows) => seedRows.length > 1),
    };
  });
}

/**
 * Shapes of the groups of a panel. Layer `i` takes the horizontal range `i - 0.5` to `i + 0.5`; its variants are side
 * by side in the order of the list, with a slot for each variant that occurs anywhere in the panel.
 */
export function violinShapes(groups: readonly ViolinGroup[], variants: readonly Level[]): ViolinShape[] {
  const drawn = [...new Set(groups.map(({ variant }) => variant))].sort((a, b) => a - b);
  const slot = 0.84 / Math.max(1, drawn.length);
  const halfWidth = Math.min(0.46 * slot, 0.2);
  return groups.map((group) => {
    const place = group.layer + (drawn.indexOf(group.variant) - (drawn.length - 1) / 2) * slot;
    return violinShape(group, place, halfWidth, variants[group.variant].title);
  });
}

function violinShape(group: ViolinGroup, place: number, halfWidth: number, variant: string): ViolinShape {
  const tick = (value: number, part: number, weight: number): Tick => {
    return { variant, value, left: place - part * halfWidth, right: place + part * halfWidth, weight };
  };
  const density = group.hasDensity ? kernelDensity(group.values) : undefined;
  if (density === undefined) {
    const distinct = [...new Set(group.values)].sort((a, b) => a - b);
    return { outline: [], ticks: distinct.map((value) => tick(value, 0.8, 2)) };
  }
  const peak = Math.max(...density.densities);
  const outline = density.positions.map((value, index) => {
    const half = (halfWidth * density.densities[index]) / peak;
    return { variant, place, value, left: place - half, right: place + half };
  });
  const [first, median, third] = [0.25, 0.5, 0.75].map((probability) => quantile(group.values, probability));
  return { outline, ticks: [tick(first, 0.35, 1.5), tick(median, 0.75, 2.5), tick(third, 0.35, 1.5)] };
}
