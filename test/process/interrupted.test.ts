// The first Ctrl-C saves and exits with 130, the second exits at once; a closed pipe counts as one Ctrl-C.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jsonLines, runProcess, startCli } from "../support/cli-process.js";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "trainscope-interrupted-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const longTraining = "train lenet5 --data mnist --epochs 1000 --threads 1 --json --save-state state --save model.onnx";

test("one Ctrl-C saves the state, explains how to continue, and ends with the final line and exit code 130", async () => {
  const training = startCli(longTraining, home);
  await training.until(/"step":0,/);
  training.child.kill("SIGINT");
  expect(await training.ended).toEqual({ code: 130, signal: null });
  const { out, err } = training.said;
  const { final } = jsonLines(out).at(-1) ?? {};
  expect(final).toMatchObject({ status: "interrupted", steps: jsonLines(out).length - 1 });
  expect(err).toContain("\nfinishing the current segment and saving; press Ctrl-C again to stop at once\n");
  expect(err).toMatch(/interrupted after \d+ steps; go on with the same command and --resume state\n$/);
  expect(err).not.toMatch(/ at .*\(.*\)/);
  expect(readdirSync(home)).not.toContain("model.onnx");
  expect(readdirSync(home)).toContain("state");
}, 30_000);

test("two Ctrl-C end the process during a run of ONNX Runtime, as killed by SIGINT, which shells report as 130", async () => {
  const training = startCli(longTraining, home);
  await training.until(/"step":[1-9]/);
  training.child.kill("SIGTERM");
  await training.until(/press Ctrl-C again/);
  training.child.kill("SIGINT");
  expect(await training.ended).toEqual({ code: null, signal: "SIGINT" });
  expect(training.said.err).not.toMatch(/terminate called|Error/);
}, 30_000);

test("a closed pipe (| head -1) stops the training silently, with its state saved", async () => {
  const training = startCli(`${longTraining} --quiet`, home);
  await training.until(/"step":0,/);
  training.child.stdout?.destroy();
  expect(await training.ended).toEqual({ code: 130, signal: null });
  expect(training.said.err).not.toContain("nterrupt");
  expect(existsSync(join(home, "state"))).toBe(true);
}, 30_000);

test("an interrupted study is listed as interrupted and continues with --resume", async () => {
  const size = "--set epochs=1000 --set twinSeeds=0 --seeds 1";
  const study = startCli(`study run normalization ${size} --out report --checkpoint-every 0`, home);
  await study.until(/: preset quick with 1 seed, epochs 1,000, twinSeeds 0; MNIST sample/);
  study.child.kill("SIGINT");
  expect(await study.ended).toEqual({ code: 130, signal: null });
  expect(study.said.err).toMatch(/interrupted; finished trials are kept, and the same command goes on from here\n$/);
  const { out } = await runProcess("runs list --json", home);
  const { runs } = JSON.parse(out) as { runs: { status: string; settings: { epochs: number } }[] };
  expect(runs).toMatchObject([{ status: "interrupted", settings: { epochs: 1000 } }]);
  const again = startCli("study run normalization --resume --json --out report", home);
  await again.until(/: preset quick with 1 seed, epochs 1,000, twinSeeds 0; MNIST sample/);
  again.child.kill("SIGTERM");
  expect((await again.ended).code).toBe(130);
  const told = { study: "normalization", status: "interrupted", settings: { epochs: 1000 }, trials: 5, ended: 0 };
  expect(JSON.parse(again.said.out)).toMatchObject(told);
  const listed = JSON.parse((await runProcess("runs list --json", home)).out) as { runs: unknown[] };
  expect(listed.runs).toMatchObject([{ status: "interrupted", settings: { epochs: 1000 }, trials: { pending: 5 } }]);
}, 60_000);
