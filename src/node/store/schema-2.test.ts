// A store of schema 2: its trials get the specs and names of today, and their results stay.
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jsonHash } from "../../core/formats/hash.js";
import { measurementPlan } from "../../study/measurement.js";
import { exampleEnd, exampleRun, exampleSeries, exampleTrial } from "../../study/store/contract/store-examples.js";
import { trialId, trialSpec } from "../../train/spec/trial-spec.js";
import { trainscopePaths } from "../files/paths.js";
import { connect } from "./connection.js";
import { openRunStore } from "./open-store.js";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-schema-2-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));
const paths = () => trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });

const [shuffled, wrapped] = (["shuffle", "wrapping"] as const).map((order) => ({
  ...exampleTrial(0, order),
  spec: trialSpec({ ...exampleTrial(0).spec, order }),
}));
/** As schema 2 had it, and its name then. */
const olderSpec = (spec: object, order: string) => ({ ...spec, schema: 2, order });
const olderId = (spec: object, order: string): string => jsonHash(olderSpec(spec, order));

/** A store with a trial that ended and one that did not, as schema 2 had them. */
async function olderStore(): Promise<string> {
  const store = await openRunStore(paths());
  const run = await store.createRun(exampleRun);
  await store.addTrials(run.id, "main", [wrapped, shuffled]);
  const id = trialId(wrapped.spec);
  const lease = await store.leaseTrial(id, measurementPlan());
  if (lease.kind !== "leased") throw new Error("the store is new");
  await store.append(lease.token, { through: 3, series: [exampleSeries(id, Float64Array.of(3, 2, 1))], tensors: [] });
  await store.finishTrial(lease.token, exampleEnd);
  await store.close();
  const connection = connect(paths().store, 0);
  for (const [{ spec }, order] of [[wrapped, "sequential"] as const, [shuffled, "shuffle"] as const])
    connection.run("UPDATE trials SET id = ?, spec = ? WHERE id = ?", [
      ...[olderId(spec, order), JSON.stringify(olderSpec(spec, order)), trialId(spec)],
    ]);
  connection.exec("PRAGMA user_version = 2");
  connection.close();
  return run.id;
}

test("trials are found under the names that their specs have today, with their results and checkpoints", async () => {
  const run = await olderStore();
  await writeFile(join(paths().checkpoints, `${olderId(shuffled.spec, "shuffle")}.safetensors`), "state");
  const store = await openRunStore(paths());
  const found = await store.listTrials(run);
  expect(found.map(({ id, spec, status }) => [id, spec, status])).toEqual([
    // What was called sequential then.
    [trialId(wrapped.spec), wrapped.spec, "done"],
    [trialId(shuffled.spec), shuffled.spec, "pending"],
  ]);
  const values: number[] = [];
  for await (const block of store.readSeries(found[0].id)) values.push(...block.values);
  expect(values).toEqual([3, 2, 1]);
  expect((await store.leaseTrial(found[0].id, measurementPlan())).kind).toBe("finished");
  await store.close();
  expect(await readdir(paths().checkpoints)).toEqual([`${found[1].id}.safetensors`]);
  expect(await readdir(home)).toContain("store.schema-2.sqlite");
});

test("a spec that cannot be read stays as it is, and the others are found", async () => {
  const run = await olderStore();
  const connection = connect(paths().store, 0);
  connection.run("UPDATE trials SET spec = '[]' WHERE status = 'pending'");
  connection.close();
  const store = await openRunStore(paths());
  expect((await store.findTrial(trialId(wrapped.spec)))?.status).toBe("done");
  await expect(store.listTrials(run)).rejects.toThrow("received spec of another form");
  await store.close();
});
