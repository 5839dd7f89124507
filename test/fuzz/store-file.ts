// A run store with a finished and an unfinished trial, and a function that reads all of it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import type { Claim, Finding } from "../../src/core/findings.js";
import { trainscopePaths } from "../../src/node/files/paths.js";
import { openRunStore } from "../../src/node/store/open-store.js";
import { measurementPlan } from "../../src/study/measurement.js";
import { seriesIn } from "../../src/study/store/contract/contract-case.js";
import {
  exampleEnd,
  exampleRun,
  exampleSeries,
  exampleTensor,
  exampleTrial,
} from "../../src/study/store/contract/store-examples.js";
import { trialId } from "../../src/train/spec/trial-spec.js";

const finding: Finding = {
  ...{ id: "accuracy", title: "Accuracy", value: Number.NaN, interval: [0.5, 0.75], level: 0.95 },
  ...{ method: "t", n: 3, unit: "%", variant: "plain" },
};
const claim: Claim = {
  ...{ id: "better", source: "a report", text: "It is better.", rule: "at least 1 %" },
  ...{ verdict: "supported", evidence: "2 %" },
};

const pathsIn = (folder: string) => trainscopePaths({ environment: { TRAINSCOPE_HOME: folder } });

/** The bytes of the closed file. */
export async function storeFile(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "trainscope-store-file-"));
  const store = await openRunStore(pathsIn(folder));
  const [first, second] = [exampleTrial(0), exampleTrial(1)];
  const id = trialId(first.spec);
  const run = await store.createRun(exampleRun);
  await store.addTrials(run.id, "main", [first, second]);
  const lease = await store.leaseTrial(id, measurementPlan());
  if (lease.kind !== "leased") throw new Error("the store is new");
  const series = [exampleSeries(id, [1, -0, Number.NaN, 0.5]), exampleSeries(id, [0.1, 0.2], { metric: "accuracy" })];
  await store.append(lease.token, { through: 4, series, tensors: [exampleTensor("weight", [1, 2, 3])] });
  await store.finishTrial(lease.token, {
    ...exampleEnd,
    diverged: [{ network: 0, step: 3, epoch: 1, loss: Number.NaN }],
  });
  await store.saveAnalysis(run.id, { findings: [finding], claims: [claim] });
  await store.setRunStatus(run.id, "done", "2026-11-22T21:25:01.500Z");
  await store.close();
  const bytes = new Uint8Array(readFileSync(pathsIn(folder).store));
  rmSync(folder, { recursive: true });
  return bytes;
}

/** A store that version 0.1.0 wrote: opening it converts it. */
export function olderStoreFile(): Uint8Array {
  const packed = new URL("../../src/node/store/fixtures/schema-1.sqlite.br", import.meta.url);
  return new Uint8Array(brotliDecompressSync(readFileSync(packed)));
}

/** Reads everything, and resumes the unfinished trial. */
export async function readStore(folder: string): Promise<void> {
  // Files left by an earlier case do not belong to this one.
  for (const ending of ["-wal", "-shm"]) rmSync(pathsIn(folder).store + ending, { force: true });
  rmSync(join(folder, "store.schema-1.sqlite"), { force: true });
  const store = await openRunStore(pathsIn(folder));
  try {
    for (const { id } of await store.listRuns()) {
      await store.readAnalysis(id);
      for (const trial of await store.listTrials(id)) {
        await seriesIn(store, trial.id);
        await store.readTensors(trial.id);
        const lease = await store.leaseTrial(trial.id, measurementPlan());
        if (lease.kind !== "leased") continue;
        await store.append(lease.token, { through: lease.through + 1, series: [exampleSeries(trial.id, [1])] });
        await store.releaseTrial(lease.token);
      }
      await store.removeRun(id);
    }
  } finally {
    await store.close();
  }
}
