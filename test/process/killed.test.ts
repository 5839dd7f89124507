// After kill -9 at any moment, running the same command again gives the same result, bit for bit.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainscopePaths } from "../../src/node/files/paths.js";
import { openRunStore } from "../../src/node/store/open-store.js";
import { readTrialResults } from "../../src/study/store/read-results.js";
import { jsonLines, runProcess, startCli } from "../support/cli-process.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trainscope-killed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const home = (name: string): string => mkdtempSync(join(folder, name));

test("a training that is killed twice and resumed has the same losses and the same model", async () => {
  const place = home("train");
  const train = "train lenet5 --data mnist --steps 200 --threads 1 --seed 3 --json --quiet";
  const undisturbed = await runProcess(`${train} --save whole.onnx`, place);
  expect(undisturbed).toMatchObject({ code: 0, err: "" });
  const losses: (number | string | undefined)[] = [];
  const keep = (text: string): void => {
    for (const { step, loss } of jsonLines(text)) if (step !== undefined) losses[step] = loss;
  };
  const saving = `${train} --save parts.onnx --save-state state --checkpoint-every 0`;
  for (const [until, resume] of [
    [/"step":1,/, ""],
    [/"step":1[0-9][0-9],/, " --resume state"],
  ] as const) {
    const killed = startCli(saving + resume, place);
    await killed.until(until);
    killed.child.kill("SIGKILL");
    expect((await killed.ended).signal).toBe("SIGKILL");
    keep(killed.said.out);
  }
  const rest = await runProcess(`${saving} --resume state`, place);
  expect(rest).toMatchObject({ code: 0, err: "" });
  const lines = jsonLines(rest.out);
  expect(lines[0].step, "goes on from the last whole checkpoint").toBeGreaterThan(1);
  keep(rest.out);
  expect(losses).toEqual(jsonLines(undisturbed.out).flatMap(({ step, loss }) => (step === undefined ? [] : [loss])));
  expect(lines.at(-1)?.final).toMatchObject({ steps: 200, status: "done" });
  expect(readFileSync(join(place, "parts.onnx")).equals(readFileSync(join(place, "whole.onnx")))).toBe(true);
}, 60_000);

async function storedResults(place: string) {
  const store = await openRunStore(trainscopePaths({ environment: { TRAINSCOPE_HOME: place } }));
  try {
    const run = (await store.listRuns()).find(({ status }) => status === "done");
    return await readTrialResults(store, run?.id ?? "none is done");
  } finally {
    await store.close();
  }
}

test("a killed study that two processes finish together has the same rows, and no trial runs twice", async () => {
  const [whole, parts] = [home("whole"), home("parts")];
  const study = "study run normalization --set epochs=1 --set twinSeeds=0 --seeds 1 --quiet --out report";
  expect(await runProcess(study, whole)).toMatchObject({ code: 0, err: "" });
  const killed = startCli(`${study} --checkpoint-every 0`, parts);
  const checkpoints = join(parts, "checkpoints");
  const hasCheckpoint = (): boolean =>
    existsSync(checkpoints) && readdirSync(checkpoints).some((name) => name.endsWith(".safetensors"));
  while (killed.child.exitCode === null && !hasCheckpoint()) await sleep(20);
  killed.child.kill("SIGKILL");
  expect((await killed.ended).signal).toBe("SIGKILL");
  const finishing = [startCli(study, parts), startCli(study, parts)];
  let found = 0;
  for (const { ended, said } of finishing) {
    expect(await ended, said.err).toEqual({ code: 0, signal: null });
    found += Number(/5 trials, (\d) of them found in the store/.exec(said.out)?.[1] ?? 0);
  }
  expect(found).toBe(5);
  expect(await storedResults(parts)).toEqual(await storedResults(whole));
  // A process that is killed during a write leaves its temporary file, which is removed later; others leave no file.
  const ofKilled = new RegExp(`\\.${killed.child.pid}-[0-9a-f]{8}\\.tmp$`);
  expect(readdirSync(checkpoints).filter((name) => !ofKilled.test(name))).toEqual([]);
}, 90_000);
