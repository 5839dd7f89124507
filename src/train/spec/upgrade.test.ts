// Specs of schema 1 and 2, as stores and checkpoints of older versions hold them.
import { expect, test } from "vitest";
import { fingerprint } from "../../data/published/definition.js";
import { mnist } from "../../data/published/mnist.js";
import { syntheticDataset } from "../../data/synthetic.js";
import { dataUse } from "./data-use.js";
import { trialSpec } from "./trial-spec.js";
import { upgradeTrialSpec } from "./upgrade.js";

/** As the study `normalization` wrote it. */
const old = {
  schema: 1,
  model: { kind: "dense", units: 10 },
  data: { dataset: "mnist", fingerprint: fingerprint(mnist.files), scaling: "standardize" },
  loss: { kind: "crossEntropy" },
  optimizer: { kind: "adam", learningRate: 0.001 },
  schedule: { kind: "constant" },
  batchSize: 64,
  epochs: 3,
  order: "shuffle",
  dropLast: false,
  seed: 4,
};

const input = {
  model: { kind: "dense", units: 10 },
  optimizer: { kind: "adam" },
  epochs: 3,
  seed: 4,
};

test("a spec of schema 1 is the same training with every default written out", () => {
  const source = { kind: "published", name: "mnist", fingerprint: fingerprint(mnist.files) } as const;
  expect(upgradeTrialSpec(old)).toEqual({ spec: trialSpec({ ...input, data: { source, scaling: "standardize" } }) });
});

test("the first examples of a split keep their number, and probes are handed over", () => {
  const data = { ...old.data, trainExamples: 100, testExamples: 10 };
  const { spec, probes } = upgradeTrialSpec({ ...old, data, probes: { every: 5 } });
  expect(spec.data.examples).toEqual({ train: 100, test: 10 });
  expect(probes).toMatchObject({ every: 5, histogramBins: 32 });
});

test("other bytes under the name of a published set are a user's own", () => {
  const data = { ...old.data, fingerprint: "mine" };
  expect(upgradeTrialSpec({ ...old, data }).spec.data.source).toEqual({
    kind: "local",
    name: "mnist",
    fingerprint: "mine",
  });
});

test("a set that was drawn has the source that it has today", () => {
  const moons = syntheticDataset("two-moons:points=30");
  const data = { dataset: moons.id, fingerprint: moons.fingerprint, scaling: "raw" };
  expect(upgradeTrialSpec({ ...old, data }).spec.data.source).toEqual(dataUse(moons).source);
});

test("a spec of today comes back, and what is no spec is refused", () => {
  const { spec } = upgradeTrialSpec(old);
  expect(upgradeTrialSpec(spec)).toEqual({ spec });
  expect(() => upgradeTrialSpec("spec", "store")).toThrow(/^store: not a trial spec/);
  expect(() => upgradeTrialSpec({ ...old, data: null })).toThrow(/^trial.data: not a trial spec/);
  expect(() => upgradeTrialSpec({ ...old, nonsense: 1 })).toThrow(/unknown option "nonsense"/);
  expect(() => upgradeTrialSpec({ ...old, data: { ...old.data, nonsense: 1 } })).toThrow(/unknown option "nonsense"/);
});

test("a spec of schema 2 is the same training: what it called sequential wraps round", () => {
  const data = dataUse(syntheticDataset("two-moons:points=30"));
  const today = trialSpec({ ...input, data });
  for (const [then, now] of [
    ["sequential", "wrapping"],
    ["shuffle", "shuffle"],
  ] as const)
    expect(upgradeTrialSpec({ ...today, schema: 2, order: then })).toEqual({ spec: { ...today, order: now } });
  const rows = "0".repeat(64);
  expect(upgradeTrialSpec({ ...today, schema: 2, order: "sequential", rows }).spec).toEqual(
    trialSpec({ ...today, rows }),
  );
  expect(upgradeTrialSpec({ ...old, order: "sequential" }).spec.order).toBe("wrapping");
});
