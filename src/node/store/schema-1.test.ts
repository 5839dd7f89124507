// A store of version 0.1.0: a finished study, an interrupted one, a training, and a run of unusual trials.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { groupBy } from "../../core/group-by.js";
import { toNumbers } from "../../core/numbers/tensor-data.js";
import { type MetricRow, rowsOf, type SeriesBlock } from "../../core/rows.js";
import type { RunStore, RunTrial } from "../../study/store/store.js";
import { trainscopePaths } from "../files/paths.js";
import { connect } from "./connection.js";
import { openRunStore } from "./open-store.js";

interface OldTrial {
  readonly id: string;
  readonly factors: Readonly<Record<string, string | number>>;
  readonly status: string;
  readonly failure?: string;
  readonly divergence?: { readonly step: number; readonly tensor: string };
  readonly timings: Readonly<Record<string, number>>;
  /** `phase metric step epoch value`, in the order of measurement. */
  readonly rows: readonly string[];
  /** The first four elements. */
  readonly tensors: Readonly<Record<string, readonly (number | string)[]>>;
}

interface OldRun {
  readonly run: Readonly<Record<string, unknown>> & { readonly id: string };
  readonly trials: readonly OldTrial[];
}

const fixture = (name: string) => readFile(new URL(`./fixtures/${name}`, import.meta.url));

let home: string;
let old: readonly OldRun[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-schema-1-"));
  old = JSON.parse(String(await fixture("schema-1.json")));
  await writeFile(paths().store, brotliDecompressSync(await fixture("schema-1.sqlite.br")));
});
afterEach(() => rm(home, { recursive: true, force: true }));
const paths = () => trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });

const numberText = (value: number): number | string =>
  Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : `${value}`;
const rowText = ({ phase, metric, step, epoch, value }: MetricRow): string =>
  [phase, metric, step, epoch, numberText(value)].join(" ");

/** A trial as the old store showed it; rows are ordered by series now. */
async function asBefore(
  store: RunStore,
  { id, status, factors: levels, replicate, failure, end }: RunTrial,
  seeds: readonly number[],
): Promise<Omit<OldTrial, "id">> {
  const blocks: SeriesBlock[] = [];
  for await (const block of store.readSeries(id)) blocks.push(block);
  const { evaluateMs: _, ...timings } = end?.timings ?? { evaluateMs: 0 };
  const factors = { ...levels, seed: seeds[replicate] };
  const [divergence] = (end?.diverged ?? []).map(({ step, tensor = "" }) => ({ step, tensor }));
  return {
    ...{ factors, status, timings },
    ...(failure === undefined ? {} : { failure }),
    ...(divergence === undefined ? {} : { divergence }),
    rows: blocks.flatMap((block) => [...rowsOf(block)].map(rowText)),
    tensors: Object.fromEntries(
      (await store.readTensors(id)).map(({ path, tensor }) => [path, toNumbers(tensor).slice(0, 4).map(numberText)]),
    ),
  };
}

function expected({ id: _, rows, ...trial }: OldTrial): Omit<OldTrial, "id"> {
  const series = groupBy(rows, (row) => row.split(" ").slice(0, 2).join(" "));
  return { ...trial, rows: [...series.values()].flat() };
}

const oddities = ["spelledOut", "ensemble", "probed"];

test("runs, trials, rows and tensors of an old store are preserved", async () => {
  const store = await openRunStore(paths());
  const runs = await store.listRuns();
  expect(runs.map(({ seeds: _, data: __, stages: ___, ...run }) => run)).toEqual(old.map(({ run }) => run));
  for (const [i, { run, trials }] of old.entries()) {
    const found: Omit<OldTrial, "id">[] = [];
    for (const trial of await store.listTrials(run.id)) found.push(await asBefore(store, trial, runs[i].seeds));
    const isPlain = ({ factors }: Pick<OldTrial, "factors">) => !oddities.includes(String(factors.variant));
    expect(found.filter(isPlain)).toEqual(trials.filter(isPlain).map(expected));
    expect(found).toHaveLength(trials.length);
  }
  expect(runs.map(({ seeds, data }) => [seeds, Object.values(data).map(({ title }) => title)])).toEqual([
    [[0], ["MNIST sample (10,000 train / 2,000 test)"]],
    [[0], []],
    [[0, 1], ["MNIST sample (10,000 train / 2,000 test)"]],
    [[5, 6, 7, 8, 9], ["MNIST"]],
  ]);
  expect(runs.map(({ stages }) => stages.map(({ id, trials }) => [id, trials.length]))).toEqual([
    [["training", 5]],
    [],
    [["training", 14]],
    [["training", 6]],
  ]);
  const analysis = await store.readAnalysis(runs[3].id);
  expect([analysis?.findings[0].value, analysis?.claims.length]).toEqual([Number.NaN, 1]);
  await store.close();
});

test("two names of one training become one trial with its result and with every default of its spec", async () => {
  const store = await openRunStore(paths());
  const trials = await store.listTrials(old[3].run.id);
  const [hard, spelledOut, probed] = ["hard", "spelledOut", "probed"].map((variant) =>
    trials.find(({ factors }) => factors.variant === variant),
  );
  expect(spelledOut).toMatchObject({ id: hard?.id, status: "done", end: hard?.end });
  expect(hard?.spec).toMatchObject({ schema: 3, loss: { kind: "crossEntropy", labelSmoothing: 0 }, freeze: [] });
  // Probes are no longer part of a spec.
  expect([probed?.status, "probes" in (probed?.spec ?? {})]).toEqual(["pending", false]);
  await store.close();
});

test("the single network that an old version trained for an ensemble is not a result", async () => {
  const store = await openRunStore(paths());
  const { id } = old[3].run;
  const ensemble = (await store.listTrials(id)).find(({ factors }) => factors.variant === "ensemble");
  expect(ensemble?.status).toBe("pending");
  expect((await store.leaseTrial(ensemble?.id ?? "", ensemble?.measure as never)).kind).toBe("leased");
  await store.close();
});

test("the old file stays beside the new one, and opening again changes nothing", async () => {
  await (await openRunStore(paths())).close();
  const copy = join(home, "store.schema-1.sqlite");
  expect((await readdir(home)).filter((name) => name.endsWith(".sqlite")).sort()).toEqual([
    "store.schema-1.sqlite",
    "store.sqlite",
  ]);
  const connection = connect(copy, 0);
  expect([connection.pragma("user_version"), connection.get("SELECT count(*) AS n FROM metric_rows")]).toEqual([
    1,
    { n: old.flatMap(({ trials }) => trials).reduce((total, { rows }) => total + rows.length, 0) },
  ]);
  connection.close();
  await rm(copy);
  const again = await openRunStore(paths());
  expect((await again.listRuns()).map(({ id }) => id)).toEqual(old.map(({ run }) => run.id));
  await again.close();
  expect(await readdir(home)).not.toContain("store.schema-1.sqlite");
});

test("a checkpoint is renamed to the new name of its trial", async () => {
  const [unfinished] = old[0].trials;
  await mkdir(paths().checkpoints);
  await writeFile(join(paths().checkpoints, `${unfinished.id}.safetensors`), "state");
  const store = await openRunStore(paths());
  const [{ id }] = await store.listTrials(old[0].run.id);
  await store.close();
  expect(await readdir(paths().checkpoints)).toEqual([`${id}.safetensors`]);
});

test.each([
  ["UPDATE trials SET spec = '[]'", "received spec of another form"],
  ["UPDATE run_trials SET factors = 'null'", "received factors of another form"],
  ["PRAGMA foreign_keys = OFF; DELETE FROM trials WHERE key = 1", "received an entry of a run without its trial"],
  ["DROP TABLE metric_rows", "is damaged or is not a database"],
])("a damaged old store is refused and not changed: %s", async (damage, message) => {
  let connection = connect(paths().store, 0);
  connection.exec(damage);
  connection.close();
  await expect(openRunStore(paths())).rejects.toThrow(message);
  connection = connect(paths().store, 0);
  expect(connection.pragma("user_version")).toBe(1);
  expect(connection.all("SELECT name FROM sqlite_schema WHERE name LIKE 'old_%' OR name = 'blocks'")).toEqual([]);
  connection.close();
});
