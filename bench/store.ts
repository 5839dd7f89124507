// Times the run store: what 1,000 networks measure in 940 steps, written and read. `npx tsx bench/store.ts [rounds]`
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeriesBlock } from "../src/core/rows.js";
import { trainscopePaths } from "../src/node/files/paths.js";
import { openRunStore } from "../src/node/store/open-store.js";
import { measurementPlan } from "../src/study/measurement.js";
import { exampleEnd, exampleRun, exampleTrial } from "../src/study/store/contract/store-examples.js";
import { trialId } from "../src/train/spec/trial-spec.js";

const [networks, steps, parts] = [1000, 940, 10];

/** Losses as trainings compute them, in float32. */
function losses(trial: string, first: number, count: number): SeriesBlock {
  const values = Float64Array.from({ length: count * networks }, (_, i) => Math.fround(Math.exp(Math.sin(first + i))));
  return {
    ...{ trial, phase: "train", metric: "batchLoss", path: "", networks, values },
    steps: Int32Array.from({ length: count }, (_, i) => first + i),
    epochs: Float64Array.from({ length: count }, (_, i) => (first + i) / steps),
  };
}

/** Writes and reads one ensemble in a new store, in ten parts as a training does. Milliseconds and bytes. */
async function measure() {
  const home = mkdtempSync(join(tmpdir(), "trainscope-bench-store-"));
  const paths = trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });
  const store = await openRunStore(paths);
  const planned = exampleTrial(0);
  const id = trialId(planned.spec);
  await store.addTrials((await store.createRun(exampleRun)).id, "main", [planned]);
  const lease = await store.leaseTrial(id, measurementPlan());
  if (lease.kind !== "leased") throw new Error("the store is new");
  const perPart = steps / parts;
  const blocks = Array.from({ length: parts }, (_, part) => losses(id, part * perPart, perPart));

  const started = performance.now();
  for (const [part, block] of blocks.entries())
    await store.append(lease.token, { through: (part + 1) * perPart, series: [block] });
  await store.finishTrial(lease.token, exampleEnd);
  const written = performance.now();
  let numbers = 0;
  for await (const { values } of store.readSeries(id)) numbers += values.length;
  const read = performance.now();
  let one = 0;
  for await (const { values } of store.readSeries(id, { networks: [123] })) one += values.length;
  const readOne = performance.now();

  if (numbers !== networks * steps || one !== steps) throw new Error("not everything came back");
  await store.close();
  const bytes = statSync(paths.store).size;
  rmSync(home, { recursive: true });
  return { written: written - started, read: read - written, readOne: readOne - read, bytes };
}

const rounds = Number(process.argv[2] ?? 5);
const runs: Awaited<ReturnType<typeof measure>>[] = [];
for (let round = 0; round < rounds; round++) runs.push(await measure());
const median = (of: (run: (typeof runs)[number]) => number): number => runs.map(of).sort((a, b) => a - b)[rounds >> 1];
console.log(
  [
    `${networks} networks x ${steps} steps, median of ${rounds}:`,
    `written in ${median(({ written }) => written).toFixed(0)} ms (${parts} parts),`,
    `read in ${median(({ read }) => read).toFixed(0)} ms, one network in ${median(({ readOne }) => readOne).toFixed(0)} ms,`,
    `${(median(({ bytes }) => bytes) / 1e6).toFixed(1)} MB`,
  ].join(" "),
);
