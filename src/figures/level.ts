// Levels of a factor (the variants of a study), each always drawn in the same color, dash and shape.
import type { Json } from "../core/formats/json.js";
import { dashes, palette, pointShapes, sizes } from "./theme.js";

/** One level of a factor: its id in rows and its display name. */
export interface Level {
  readonly id: string;
  readonly title: string;
}

/** The given levels, followed by those that occur only in the rows, in order of appearance. */
export function completeLevels(levels: readonly Level[], ids: Iterable<string>): Level[] {
  const known = new Map(levels.map((level) => [level.id, level]));
  for (const id of ids) if (!known.has(id)) known.set(id, { id, title: id });
  return [...known.values()];
}

/** Titles of the levels by id. */
export function levelTitles(levels: readonly Level[]): Map<string, string> {
  return new Map(levels.map(({ id, title }) => [id, title]));
}

export type Channel = "color" | "strokeDash" | "shape";

const ranges = { color: palette, strokeDash: dashes, shape: pointShapes } as const;

/**
 * A scale over level titles. A level's index in the full list determines its style, so it looks the same in every
 * figure of a study. Styles repeat after eight.
 */
export function levelScale(channel: Channel, levels: readonly Level[], drawn: ReadonlySet<string>): Json {
  const range = ranges[channel];
  const places = levels.flatMap((level, place) => (drawn.has(level.id) ? [place] : []));
  return {
    domain: places.map((place) => levels[place].title),
    range: places.map((place) => range[place % range.length]),
  };
}

/** The line pattern of the level at an index of the full list. */
export function lineDash(place: number): readonly number[] {
  return dashes[place % dashes.length];
}

/** A legend in one block above the panels, with as many columns as fit the width of a figure. */
export function levelLegend(titles: readonly string[]): { readonly [key: string]: Json } {
  const widest = Math.max(...titles.map((title) => title.length));
  const fitting = Math.max(1, Math.floor(sizes.width / (widest * sizes.character + 50)));
  // As few rows as possible, then as few columns as those rows need, so that no name stands alone.
  const columns = Math.ceil(titles.length / Math.ceil(titles.length / fitting));
  return { title: null, orient: "top", columns, offset: 10 };
}
