// Damaged JSON specs become a program or a TrainscopeError, within bounded memory.
import fc from "fast-check";
import { expect, it } from "vitest";
import { lossFunction } from "../../src/nn/losses.js";
import { modelByName } from "../../src/nn/models.js";
import { scheduleFunction } from "../../src/optim/schedules.js";
import { readOptimizer } from "../../src/train/program/read-optimizer.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { patches, smallNet, trialSpec } from "../support/small-trials.js";
import { type Damage, damagedJson, damages } from "./mutations.js";
import { isReady, runtimeBytes } from "./no-runtime.js";
import { checkReading, checkWork } from "./reading.js";
import { runs, seed, timeout } from "./series.js";

const data = patches(20);
const spec = trialSpec(data, { batchSize: 4 });
const choice = fc.nat({ max: 0xffff });

/** Invalid JSON is refused earlier and is not the subject of these tests. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

it(
  "models",
  async () => {
    const models = [smallNet, modelByName("mlp:144-8-4"), modelByName("mlp:144-5-4", { dropoutHidden: 0.5 })];
    let ready = 0;
    const property = fc.asyncProperty(choice, damages, async (which, list: Damage[]) => {
      const model = parsed(damagedJson(models[which % models.length], list)) as KindSpec;
      await checkWork(async () => {
        if (await isReady({ spec: { ...spec, model }, data })) ready++;
      }, 40 * runtimeBytes);
    });
    await fc.assert(property, { seed, numRuns: runs(300) });
    // Some damage leaves a valid spec: another number of filters, another rate.
    expect(ready).toBeGreaterThan(runs(20));
  },
  timeout,
);

it.each<[string, readonly KindSpec[], (given: unknown) => unknown]>([
  [
    "optimizers",
    [
      { kind: "adam", learningRate: 0.001, b1: 0.9 },
      { kind: "sgd", learningRate: 0.1, momentum: 0.9 },
    ],
    readOptimizer,
  ],
  ["losses", [{ kind: "crossEntropy" }, { kind: "meanSquaredError" }], lossFunction],
  [
    "schedules",
    [{ kind: "constant" }, { kind: "step", every: 3, factor: 0.5 }],
    (given) => scheduleFunction(given)({ step: 3, stepsPerEpoch: 10, totalSteps: 20, learningRate: 0.1 }),
  ],
])(
  "%s",
  (_name, specs, read) => {
    const property = fc.property(choice, damages, (which, list: Damage[]) => {
      const given = parsed(damagedJson(specs[which % specs.length], list));
      checkReading({ read: () => read(given) }, new Uint8Array(1000));
    });
    fc.assert(property, { seed, numRuns: runs(1000) });
  },
  timeout,
);
