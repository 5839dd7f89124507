// Selects the networks and steps of a query from a block.
import type { SeriesBlock, SeriesKey } from "../../core/rows.js";
import { pathMatcher } from "../../nn/path-patterns.js";
import type { SeriesQuery } from "./store.js";

/** Whether a query matches a series. */
export function seriesMatcher({ phases, metrics, paths }: SeriesQuery): (key: Omit<SeriesKey, "trial">) => boolean {
  const isPath = paths === undefined ? () => true : pathMatcher(paths);
  return ({ phase, metric, path }) =>
    (phases === undefined || phases.includes(phase)) &&
    (metrics === undefined || metrics.includes(metric)) &&
    isPath(path);
}

/** The networks and steps of a query; undefined if none remain. */
export function selectBlock(block: SeriesBlock, { networks, every = 1 }: SeriesQuery): SeriesBlock | undefined {
  const { steps } = block;
  if (networks === undefined && every === 1) return block;
  const rows = [...steps.keys()].filter((row) => steps[row] % every === 0);
  const columns = networks ?? Array.from({ length: block.networks }, (_, network) => network);
  if (rows.length === 0 || columns.length === 0) return undefined;
  const values = new Float64Array(rows.length * columns.length);
  let at = 0;
  for (const row of rows) for (const column of columns) values[at++] = block.values[row * block.networks + column];
  return {
    ...block,
    networks: columns.length,
    steps: Int32Array.from(rows, (row) => steps[row]),
    epochs: Float64Array.from(rows, (row) => block.epochs[row]),
    values,
  };
}
