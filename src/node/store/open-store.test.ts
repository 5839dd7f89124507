import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TrainscopeError } from "../../core/errors.js";
import { measurementPlan } from "../../study/measurement.js";
import { testStoreContract } from "../../study/store/contract/store-contract.js";
import {
  exampleEnd,
  exampleRun,
  exampleSeries,
  exampleTensor,
  exampleTrial,
} from "../../study/store/contract/store-examples.js";
import { readTrialResults } from "../../study/store/read-results.js";
import type { RunStore } from "../../study/store/store.js";
import { trialId } from "../../train/spec/trial-spec.js";
import { trainscopePaths } from "../files/paths.js";
import { connect } from "./connection.js";
import { openRunStore } from "./open-store.js";
import { currentProcess } from "./process-identity.js";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-store-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));
const paths = () => trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });
const refusal = async (action: Promise<unknown>): Promise<[string, number]> => {
  const error = (await action.then(
    () => ({ message: "no error" }),
    (cause: unknown) => cause,
  )) as TrainscopeError;
  return [error.message.replaceAll(home, "<home>"), error.exitCode];
};

/** A run with one finished trial that has the given number of losses and a tensor. */
async function storeResult(store: RunStore, count: number): Promise<void> {
  const id = trialId(exampleTrial(0).spec);
  await store.addTrials((await store.createRun(exampleRun)).id, "main", [exampleTrial(0)]);
  const lease = await store.leaseTrial(id, measurementPlan());
  if (lease.kind !== "leased") throw new Error("the store is new");
  const values = Float64Array.from({ length: count }, (_, step) => Math.sin(step));
  const part = { through: count, series: [exampleSeries(id, values)], tensors: [exampleTensor("w", [1, 2])] };
  await store.append(lease.token, part);
  await store.finishTrial(lease.token, exampleEnd);
}

describe("SQLite store", () => {
  testStoreContract({ test, expect }, async () => {
    const opened: RunStore[] = [];
    const dead = new Set<number>();
    return {
      open: async () => {
        const identity = { host: "host", pid: opened.length, start: "0" };
        const livenessOf = ({ pid }: { pid: number }) => (dead.has(pid) ? "dead" : "alive");
        opened.push(await openRunStore(paths(), { identity, livenessOf }));
        return opened[opened.length - 1];
      },
      kill: (store) => void dead.add(opened.indexOf(store)),
      dispose: async () => {
        for (const store of opened) await store.close();
      },
    };
  });
});

test("a process of another machine loses its lease if its heartbeat stops, whatever the wall clock says", async () => {
  let nowMs = 0;
  const local = currentProcess();
  const open = (host: string) =>
    openRunStore(paths(), { identity: { ...local, host }, silenceMs: 100, monotonicMs: () => nowMs });
  const [here, there] = [await open("here"), await open("there")];
  const id = trialId(exampleTrial(0).spec);
  await here.addTrials((await here.createRun(exampleRun)).id, "main", [exampleTrial(0)]);
  const ask = (store: RunStore) => store.leaseTrial(id, measurementPlan());
  const lease = await ask(there);
  const answers: string[] = [];
  for (const isAlive of [true, true, false, false]) {
    answers.push((await ask(here)).kind);
    nowMs += 60;
    if (isAlive && lease.kind === "leased") await there.renewLease(lease.token);
  }
  // Silent since the check at 120 ms: 60 ms later it is still busy, 120 ms later it is taken over.
  expect([...answers, (await ask(here)).kind]).toEqual(["busy", "busy", "busy", "busy", "leased"]);
  await Promise.all([here.close(), there.close()]);
});

test("a running run whose process is dead reads as interrupted", async () => {
  const first = await openRunStore(paths(), { identity: { ...currentProcess(), pid: 999_999_999 } });
  const run = await first.createRun(exampleRun);
  const second = await openRunStore(paths());
  expect((await second.findRun(run.id))?.status).toBe("interrupted");
  await Promise.all([first.close(), second.close()]);
});

describe("a faulty environment", () => {
  test("a file that is not a database is refused and not changed", async () => {
    await writeFile(paths().store, "not a database, but longer than a header of one hundred bytes".repeat(9));
    const before = await readFile(paths().store);
    expect(await refusal(openRunStore(paths()))).toMatchInlineSnapshot(`
      [
        "run store <home>/store.sqlite: is damaged or is not a database. Nothing was changed. Move the file aside to start an empty store; sqlite3 "<home>/store.sqlite" .recover may save what is in it",
        2,
      ]
    `);
    expect((await readFile(paths().store)).equals(before)).toBe(true);
  });

  test("a truncated store is refused", async () => {
    const store = await openRunStore(paths());
    await store.createRun(exampleRun);
    await store.close();
    const part = trainscopePaths({ environment: { TRAINSCOPE_HOME: join(home, "copy") } });
    await mkdir(part.state);
    await writeFile(part.store, (await readFile(paths().store)).subarray(0, 8192));
    const opening = openRunStore(part).then(async (damaged) => {
      await damaged.listRuns().finally(() => damaged.close());
    });
    expect((await refusal(opening))[0]).toContain("is damaged or is not a database");
  });

  test.each([
    ["UPDATE trials SET spec = CAST(x'7b22ff' AS TEXT)", 'received invalid UTF-8 in the column "spec"'],
    ["UPDATE runs SET command = CAST(x'c328' AS TEXT)", 'received invalid UTF-8 in the column "command"'],
    ["UPDATE trials SET spec = '{\"model\":'", "received spec of another form"],
    ["UPDATE trials SET spec = '[]'", "received spec of another form"],
    [
      `UPDATE run_trials SET factors = '{"a":${"[".repeat(200)}${"]".repeat(200)}}'`,
      "received factors of another form",
    ],
    ["UPDATE run_trials SET measure = '{}x'", "received plan of another form"],
    [`UPDATE trials SET ending = '{"status":"done"}'`, "received ending of another form"],
    ["UPDATE runs SET seeds = '[0.5]'", "received seeds of another form"],
    [`UPDATE runs SET data = '{"train":{}}'`, "received data of another form"],
    ["UPDATE series SET phase = 'before'", "received an unknown phase"],
    ["UPDATE series SET networks = 2", "received numbers of another length"],
    ["UPDATE blocks SET numbers = x'00'", "received numbers of another length"],
    ["UPDATE blocks SET dtype = 'float16'", "received numbers of another length"],
    ["UPDATE tensors SET dtype = 'float16'", "received a tensor of another form"],
    ["UPDATE tensors SET shape = '[3]'", "received a tensor of another form"],
    ["UPDATE tensors SET shape = '[-1]'", "received shape of another form"],
    ["UPDATE runs SET settings = 'null'", "received settings of another form"],
    ["UPDATE runs SET status = 'lost'", "received an unknown status of a run"],
    ["DROP TABLE run_trials", "is damaged or is not a database. Nothing"],
    ["PRAGMA user_version = 0", "received schema 0"],
  ])("contents that we never write are refused: %s", async (damage, message) => {
    const store = await openRunStore(paths());
    await storeResult(store, 2);
    await store.close();
    const connection = connect(paths().store, 0);
    connection.exec(damage);
    connection.close();
    const reading = openRunStore(paths()).then(async (damaged) => {
      try {
        for (const { id } of await damaged.listRuns()) await readTrialResults(damaged, id);
      } finally {
        await damaged.close();
      }
    });
    const [said, exitCode] = await refusal(reading);
    expect([said, exitCode]).toEqual([expect.stringContaining(message), 2]);
  });

  test("a store of a newer program and the database of another program are refused", async () => {
    await (await openRunStore(paths())).close();
    let connection = connect(paths().store, 0);
    connection.exec("PRAGMA user_version = 99");
    connection.close();
    expect(await refusal(openRunStore(paths()))).toMatchInlineSnapshot(`
      [
        "run store <home>/store.sqlite: was written by a newer Trainscope: expected schema 3 or older, received schema 99. Update trainscope, or set TRAINSCOPE_HOME to another folder",
        3,
      ]
    `);
    await rm(paths().store);
    connection = connect(paths().store, 0);
    connection.exec("CREATE TABLE recipes (name TEXT)");
    connection.close();
    expect((await refusal(openRunStore(paths())))[0]).toContain("is the database of another program");
  });

  test("a folder that cannot be created and a file that cannot be opened are reported", async () => {
    await mkdir(paths().store);
    expect(await refusal(openRunStore(paths()))).toMatchInlineSnapshot(`
      [
        "run store <home>/store.sqlite: cannot be used because its file or folder cannot be opened for writing. Make both writable. Set TRAINSCOPE_HOME to a folder that works otherwise",
        3,
      ]
    `);
    await writeFile(join(home, "file"), "");
    const inside = trainscopePaths({ environment: { TRAINSCOPE_HOME: join(home, "file") } });
    expect((await refusal(openRunStore(inside)))[1]).toBe(3);
  });

  test("a writer that never releases its lock gives an error instead of a hang", async () => {
    const store = await openRunStore(paths(), { busyTimeoutMs: 20 });
    const greedy = connect(paths().store, 0);
    greedy.exec("BEGIN IMMEDIATE");
    expect((await refusal(store.createRun(exampleRun)))[0]).toBe(
      "run store <home>/store.sqlite: cannot be used because another process has kept it locked. Wait for that process to end, then run again",
    );
    greedy.exec("ROLLBACK");
    greedy.close();
    expect((await store.createRun(exampleRun)).status).toBe("running");
    await store.close();
  });
});
