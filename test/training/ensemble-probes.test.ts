// What probes find in the networks of an ensemble against what they find in each network trained alone.
import { afterAll, expect, test } from "vitest";
import type { MetricRow } from "../../src/core/rows.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, TrialSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { train } from "../../src/train/train.js";
import type { ProbeReading } from "../../src/train/trial/events.js";
import { openTrial, type TrialRequest } from "../../src/train/trial/trial.js";
import { patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(50, { extent: 5 });
const kind = (name: string, options: object = {}) => ({ kind: name, ...options }) as KindSpec;
const layersOf = (...layers: KindSpec[]) => ({ kind: "sequential", layers }) as unknown as KindSpec;
const probes = { every: 3, histogramBins: 4, noiseScale: true };
const narrow = layersOf(
  kind("flatten"),
  kind("dense", { units: 3 }),
  kind("relu"),
  kind("dropout", { rate: 0.3 }),
  kind("dense", { units: 4 }),
);
const specOf = (more: Partial<TrialSpecInput>): TrialSpec =>
  trialSpec(data, { model: narrow, batchSize: 8, epochs: 2, ...more });

async function lookedAt(spec: TrialSpec, options: Partial<TrialRequest> = {}) {
  const trial = openTrial({ spec, data, runtime, probes, threads: 1, now: () => 0, ...options });
  const looks: (readonly ProbeReading[])[] = [];
  let checkpoint: Uint8Array | undefined;
  for await (const event of trial.run()) {
    if (event.kind === "probes") looks.push(event.readings);
    if (event.kind === "checkpoint") checkpoint = event.bytes;
  }
  const result = {
    looks,
    probed: trial.probed,
    weights: await trial.allTensors(),
    checkpoint: checkpoint as Uint8Array,
  };
  await trial.dispose();
  return result;
}

async function alone({ ensemble: _, learningRates, ...spec }: TrialSpec, network: number) {
  const rate = learningRates === undefined ? {} : { learningRate: learningRates[network] };
  const own = { ...spec, optimizer: { ...spec.optimizer, ...rate }, seed: spec.seed + network };
  const trial = openTrial({ spec: own, data, runtime, probes, threads: 1, now: () => 0 });
  for await (const _ of trial.run());
  const { probed } = trial;
  await trial.dispose();
  return probed;
}

function expectSame(found: readonly ProbeReading[], network: number, [expected]: readonly ProbeReading[]) {
  const { values, histograms, step } = found[network];
  expect(step).toBe(expected.step);
  expect(values.map(({ of, path, statistic }) => `${of} ${path} ${statistic}`)).toEqual(
    expected.values.map(({ of, path, statistic }) => `${of} ${path} ${statistic}`),
  );
  for (const [i, { value, statistic }] of values.entries()) {
    const wanted = expected.values[i].value;
    if (Number.isNaN(wanted)) expect(value).toBeNaN();
    else expect(Math.abs(value - wanted), statistic).toBeLessThanOrEqual(2e-5 * Math.max(1e-2, Math.abs(wanted)));
  }
  expect(histograms.map(({ counts }) => [...counts])).toEqual(expected.histograms.map(({ counts }) => [...counts]));
}

test.each([
  { networks: 1, learningRates: undefined },
  { networks: 5, learningRates: [0.1, 0.02, 0.3, 0.05, 0.01] },
  // More than a group of lanes, and the last one not full.
  { networks: 37, learningRates: undefined },
])("every one of $networks networks shows what it shows alone", async ({ networks, learningRates }) => {
  const spec = specOf({ ensemble: networks, ...(learningRates === undefined ? {} : { learningRates }) });
  const { looks } = await lookedAt(spec);
  expect(looks.map((look) => look[0].step)).toEqual([0, 3, 6, 9, 12]);
  expect(looks.every((look) => look.every(({ network }, i) => network === i))).toBe(true);
  for (const network of new Set([0, 1, networks - 1].filter((i) => i < networks))) {
    const expected = await alone(spec, network);
    expect(expected).toHaveLength(looks.length);
    for (const [i, look] of looks.entries()) expectSame(look, network, expected[i]);
  }
});

test("looking changes nothing, and a trial that goes on has the looks of before", async () => {
  const spec = specOf({ ensemble: 5 });
  const whole = await lookedAt(spec);
  const blind = openTrial({ spec, data, runtime, threads: 1, now: () => 0 });
  for await (const event of blind.run()) expect(event.kind).not.toBe("probes");
  expect(await blind.allTensors()).toEqual(whole.weights);
  await blind.dispose();
  const controller = new AbortController();
  let steps = 0;
  const first = openTrial({ spec, data, runtime, probes, threads: 1, now: () => 0 });
  let bytes: Uint8Array | undefined;
  for await (const event of first.run(controller.signal)) {
    if (event.kind === "steps") steps += event.steps;
    if (steps >= 3) controller.abort();
    if (event.kind === "checkpoint") bytes = event.bytes;
  }
  await first.dispose();
  const resumeFrom = { where: "state", bytes: bytes as Uint8Array };
  const rest = await lookedAt(spec, { resumeFrom });
  expect(rest.looks.length).toBeLessThan(whole.looks.length);
  expect(rest.probed).toEqual(whole.probed);
  expect(rest.checkpoint).toEqual(whole.checkpoint);
});

test("rows of a library's training name the network", async () => {
  const rows: MetricRow[] = [];
  const options = { data, batchSize: 8, steps: 2, ensemble: 3, runtime, probes: { of: ["weights" as const] } };
  for await (const row of train({ ...options, model: narrow as never, optimizer: trialSpec(data).optimizer as never }))
    rows.push(row);
  const norms = rows.filter(({ metric }) => metric === "weights.norm");
  expect(norms.map(({ network, step, path }) => [network, step, path])).toEqual(
    [0, 1, 2].flatMap((network) => ["1.weight", "1.bias", "4.weight", "4.bias"].map((path) => [network, 0, path])),
  );
});
