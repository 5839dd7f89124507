// One training, one name: the library, the command line and a study find each other's results.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../src/core/formats/safetensors.js";
import { lenet5 } from "../../src/nn/index.js";
import { loadSample } from "../../src/node/data/download/sample.js";
import { adam } from "../../src/optim/optimizers/adam.js";
import { design } from "../../src/studies/normalization/design.js";
import { normalization } from "../../src/studies/normalization/index.js";
import type { NormalizationSettings } from "../../src/studies/normalization/settings.js";
import { resolveSettings } from "../../src/study/settings.js";
import type { Runtime } from "../../src/train/runtime/runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { trialId } from "../../src/train/spec/trial-spec.js";
import { trialSpecOf } from "../../src/train/train.js";
import { runProcess } from "../support/cli-process.js";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-name-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The name that a training has in its checkpoint. */
async function nameOnCommandLine(line: string): Promise<string | undefined> {
  const state = join(home, "state");
  const { code, err } = await runProcess(`train ${line} --threads 1 --quiet --save-state ${state}`, home);
  expect([code, err]).toEqual([0, ""]);
  return readSafetensors(new Uint8Array(await readFile(state)), "state").metadata.get("trial");
}

test("a training by train(), by the command line and in a study has one name", async () => {
  const data = await loadSample("mnist");
  const batchSize = 2000;
  const planned = design({
    settings: resolveSettings(normalization, "quick", { epochs: 1, batchSize }) as NormalizationSettings,
    seeds: [3],
    data: () => dataUse(data),
    examples: () => data.train.targets.shape[0],
    earlier: [],
  }).find(({ factors }) => factors.form === "corrected" && factors.variant === "none");
  const studied = trialId(planned?.spec as never);
  expect(await nameOnCommandLine("lenet5 --data mnist --batch-size 2000 --seed 3 --learning-rate 0.001")).toBe(studied);
  const runtime = { name: "none" } as Runtime;
  const options = { model: lenet5(), data, batchSize, seed: 3, runtime };
  expect(trialId(trialSpecOf({ ...options, optimizer: adam() }))).toBe(studied);
  // What is measured on the way changes no training.
  expect(trialId(trialSpecOf({ ...options, optimizer: { kind: "adam" }, probes: {} }))).toBe(studied);
}, 120_000);
