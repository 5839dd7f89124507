import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { measurementPlan } from "../../study/measurement.js";
import { seriesIn } from "../../study/store/contract/contract-case.js";
import { exampleTrial } from "../../study/store/contract/store-examples.js";
import { trialId } from "../../train/spec/trial-spec.js";
import { trainscopePaths } from "../files/paths.js";
import { connect } from "./connection.js";
import { openRunStore } from "./open-store.js";

const script = fileURLToPath(new URL("./writing-child.mjs", import.meta.url));
let home: string;
let children: ChildProcess[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-kill-"));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await rm(home, { recursive: true, force: true });
});

/** Starts a writer, waits for a matching line of its output, and returns it. */
async function startWriter(seed: number, line: RegExp): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", script, home, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  let text = "";
  return new Promise((resolve, reject) => {
    // A listener instead of a loop, because leaving a loop would close the pipe and end the writer.
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
      const match = line.exec(text);
      if (match !== null) resolve({ child, said: match[0] });
    });
    child.on("exit", () => reject(new Error(`the writer ended after: ${text}`)));
  });
}

test("kill -9 of a writer leaves complete transactions, and its trial is taken over at once", {
  timeout: 30_000,
}, async () => {
  const id = trialId(exampleTrial(0).spec);
  const paths = trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });
  const { child: writer } = await startWriter(0, /writing/);
  const store = await openRunStore(paths);
  expect(await store.leaseTrial(id, measurementPlan())).toEqual({
    kind: "busy",
    holder: expect.stringContaining(`process ${writer.pid} on `),
  });
  const exit = once(writer, "exit");
  writer.kill("SIGKILL");
  await exit;

  const [{ values }] = await seriesIn(store, id);
  const [{ tensor }] = await store.readTensors(id);
  expect(values.length / 1000).toBe(Number(tensor.data[0]) + 1);
  expect(values.every((value, i) => value === Math.floor(i / 1000))).toBe(true);
  expect((await store.listRuns()).map(({ status }) => status)).toEqual(["interrupted"]);
  expect(await store.leaseTrial(id, measurementPlan())).toMatchObject({ kind: "leased", through: values.length });
  await store.close();
  const connection = connect(paths.store, 0);
  expect(connection.pragma("integrity_check")).toBe("ok");
  connection.close();
});

test("of two processes that start one trial of a new store, exactly one runs it", { timeout: 30_000 }, async () => {
  const answers = await Promise.all([startWriter(0, /leased|busy/), startWriter(0, /leased|busy/)]);
  expect(answers.map(({ said }) => said).sort()).toEqual(["busy", "leased"]);
});
