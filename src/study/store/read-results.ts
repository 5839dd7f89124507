// Reads the results of a run from the store: its finished trials with their measurements.
import { toNumbers } from "../../core/numbers/tensor-data.js";
import { type MetricRow, rowsOf, type SeriesBlock } from "../../core/rows.js";
import type { TrialResult } from "../definition.js";
import type { RunStore, RunTrial } from "./store.js";

/** Every finished trial of a run with its measurements, in design order. */
export async function readTrialResults(store: RunStore, runId: string): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  for (const trial of await store.listTrials(runId)) {
    const result = await trialResult(store, trial);
    if (result !== undefined) results.push(result);
  }
  return results;
}

async function trialResult(store: RunStore, trial: RunTrial): Promise<TrialResult | undefined> {
  const { id, status, stage, factors, replicate, spec, measure, end } = trial;
  if (end === undefined || (status !== "done" && status !== "diverged")) return undefined;
  const blocks: SeriesBlock[] = [];
  for await (const block of store.readSeries(id)) blocks.push(block);
  const series = wholeSeries(blocks);
  const kept = await store.readTensors(id);
  const last = kept.filter(({ at, network }) => at === "end" && network === 0);
  let rows: MetricRow[] | undefined;
  return {
    ...{ id, stage, factors, replicate, spec, measure, status, series, kept },
    networks: spec.ensemble ?? 1,
    diverged: end.diverged.map(({ network }) => network),
    get rows() {
      // A thousand networks have a million rows, so rows are made only on request.
      rows ??= series.flatMap((block) => [...rowsOf(block)]);
      return rows;
    },
    tensors: Object.fromEntries(last.map(({ path, tensor }) => [path, toNumbers(tensor)])),
  };
}

/** Joins the blocks of each series, in the order of the first blocks. */
export function wholeSeries(blocks: readonly SeriesBlock[]): SeriesBlock[] {
  const parts = new Map<string, SeriesBlock[]>();
  for (const block of blocks) {
    const name = JSON.stringify([block.trial, block.phase, block.metric, block.path]);
    const known = parts.get(name);
    if (known === undefined) parts.set(name, [block]);
    else known.push(block);
  }
  return [...parts.values()].map((all) => (all.length === 1 ? all[0] : joinedBlocks(all)));
}

function joinedBlocks(blocks: readonly SeriesBlock[]): SeriesBlock {
  const rows = blocks.reduce((total, { steps }) => total + steps.length, 0);
  const [{ networks }] = blocks;
  const whole = {
    ...blocks[0],
    steps: new Int32Array(rows),
    epochs: new Float64Array(rows),
    values: new Float64Array(rows * networks),
  };
  let at = 0;
  for (const { steps, epochs, values } of blocks) {
    whole.steps.set(steps, at);
    whole.epochs.set(epochs, at);
    whole.values.set(values, at * networks);
    at += steps.length;
  }
  return whole;
}
