// What a trial does at its edges: other batches, bad input, divergence, evaluation, and what it leaves behind.

import { afterAll, describe, expect, test } from "vitest";
import { TrainscopeError } from "../../src/core/errors.js";
import { jsonHash } from "../../src/core/formats/hash.js";
import { readSafetensors, writeSafetensors } from "../../src/core/formats/safetensors.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { graph } from "../../src/graph/graph.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { fromTensorData } from "../../src/graph/reference/nd-array.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { lossFunction } from "../../src/nn/losses.js";
import { modelByName } from "../../src/nn/models.js";
import { buildNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { readCheckpoint, writeCheckpoint } from "../../src/train/trial/checkpoint.js";
import { openSeal, seal, sealKey } from "../../src/train/trial/seal.js";
import { openTrial } from "../../src/train/trial/trial.js";
import {
  bitsOf,
  finish,
  fixtureData,
  patches,
  type SmallRequest,
  trainingFixtures,
  trialSpec,
  watched,
} from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const data = patches(100);
const spec = trialSpec(data);
const request: SmallRequest = { spec, data, runtime, threads: 1 };
const changed = (changes: Partial<TrialSpecInput>): SmallRequest => ({ ...request, spec: { ...spec, ...changes } });
const batchesOf = async (given: SmallRequest): Promise<number[]> =>
  (await finish({ ...given, evaluate: false })).events.flatMap((event) =>
    event.kind === "steps" ? [...event.examples] : [],
  );
const wide = sequential([conv2d({ filters: 64, kernel: 3, padding: 1 }), flatten(), dense({ units: 4 })]) as KindSpec;
const withMemory = (memoryBytes: number): typeof runtime => ({
  ...runtime,
  capabilities: { ...runtime.capabilities, memoryBytes },
});
/** The one-line message with which a trial refuses, and its exit code. */
async function refusal(given: SmallRequest): Promise<string> {
  try {
    await finish(given);
  } catch (error) {
    if (error instanceof TrainscopeError) return `${error.exitCode}: ${error.message}`;
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("batches", () => {
  test("the last one of an epoch holds the rest, and dropLast leaves it out", async () => {
    expect(await batchesOf(request)).toEqual([16, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 16, 4]);
    expect(await batchesOf(changed({ dropLast: true }))).toEqual(new Array(12).fill(16));
  });

  test("wrapping order goes through the file and on at its beginning, as the same rows given do", async () => {
    const wrapping = changed({ order: "wrapping", epochs: 1 });
    expect(await batchesOf(wrapping)).toEqual(new Array(7).fill(16));
    const rows = Int32Array.from({ length: 112 }, (_, i) => i % 100);
    const [a, b] = [await finish(wrapping), await finish({ ...wrapping, rows })];
    expect(bitsOf(b)).toEqual(bitsOf(a));
    const reversed = await finish({ ...wrapping, rows: rows.toReversed() });
    expect(reversed.losses[0]).not.toBe(a.losses[0]);
  });

  test("sequential order passes through the file in every epoch, with the rest in the last batch or without it", async () => {
    expect(await batchesOf(changed({ order: "sequential" }))).toEqual(await batchesOf(request));
    const dropped = changed({ order: "sequential", dropLast: true });
    expect(await batchesOf(dropped)).toEqual(new Array(12).fill(16));
    // So many rows of each pass are left out of these.
    const rows = Int32Array.from({ length: 192 }, (_, i) => i % 96);
    const given = { ...changed({ epochs: undefined, steps: 12 }), rows };
    expect((await finish(given)).losses).toEqual((await finish(dropped)).losses);
  });

  test("trainExamples uses the first examples only", async () => {
    const few = changed({ data: { ...spec.data, examples: { train: 32, test: 10 } } });
    expect(await batchesOf(few)).toEqual([16, 16, 16, 16]);
    const image = data.train.inputs.data.length / 100;
    const cut = {
      inputs: { ...data.train.inputs, shape: [32, 1, 12, 12], data: data.train.inputs.data.slice(0, 32 * image) },
      targets: { ...data.train.targets, shape: [32], data: data.train.targets.data.slice(0, 32) },
    };
    const alone = await finish({ ...few, data: { ...data, train: cut } });
    expect((await finish(few)).losses).toEqual(alone.losses);
  });
});

describe("what does not fit is refused before anything runs", () => {
  const line = fixtureData(trainingFixtures(), "line");
  const wrong = {
    ...data,
    train: { ...data.train, targets: tensorFrom("int32", [100], new Array(100).fill(0).with(7, 4)) },
  };
  test.each<[string, SmallRequest]>([
    ["fewer outputs than classes", changed({ model: modelByName("mlp:144-3") as KindSpec })],
    ["an image as output", changed({ model: { kind: "relu" } })],
    ["a class beyond the outputs", { ...request, data: wrong }],
    [
      "values where classes belong",
      {
        ...request,
        data: line,
        spec: { ...spec, data: { ...spec.data, scaling: "raw" }, model: { kind: "dense", units: 2 } },
      },
    ],
    ["classes where values belong", changed({ loss: { kind: "meanSquaredError" } })],
    [
      "outputs of another shape than the targets",
      {
        ...request,
        data: line,
        spec: {
          ...spec,
          loss: { kind: "meanSquaredError" },
          data: { ...spec.data, scaling: "raw" },
          model: { kind: "dense", units: 3 },
        },
      },
    ],
    [
      "no statistics to scale by",
      {
        ...request,
        data: line,
        spec: { ...spec, loss: { kind: "meanSquaredError" }, model: { kind: "dense", units: 2 } },
      },
    ],
    ["a last batch of one example under batch normalization", { ...changed({ batchSize: 33 }) }],
    ["a batch larger than the data without a rest", changed({ batchSize: 101, dropLast: true })],
    ["no batch", changed({ batchSize: 0 })],
    ["half a step", changed({ epochs: undefined, steps: 1.5 })],
    ["steps and epochs", changed({ steps: 5 })],
    ["a row that does not exist", { ...request, rows: Int32Array.from({ length: 16 }, (_, i) => i * 7) }],
    ["initial values of nothing", { ...request, initial: new Map([["0.wieght", new Float32Array(36)]]) }],
    ["initial values of another size", { ...request, initial: new Map([["0.weight", new Float32Array(35)]]) }],
    [
      "a model that cannot fit the memory",
      { ...changed({ model: modelByName("mlp:144-1000000000-4") as KindSpec }), runtime: withMemory(8e9) },
    ],
    [
      "a layer whose values cannot fit the memory",
      { ...changed({ model: wide, batchSize: 100 }), runtime: withMemory(2e6) },
    ],
    ["an unknown optimizer", changed({ optimizer: { kind: "adma" } })],
    ["an unknown schedule", changed({ schedule: { kind: "stepp" } })],
  ])("%s", async (_name, given) => {
    expect(await refusal(given)).toMatchSnapshot();
  });
});

describe("a checkpoint that cannot be continued is refused in one sentence", async () => {
  const { checkpoint } = await finish(changed({ epochs: 1 }));
  const resuming = (bytes: Uint8Array): SmallRequest => ({ ...request, resumeFrom: { where: "state", bytes } });
  const unsealed = (bytes: Uint8Array): Uint8Array => {
    const { tensors, metadata } = readSafetensors(bytes, "test");
    return writeSafetensors(tensors, new Map([...metadata].filter(([key]) => key !== sealKey)));
  };
  const resume = (bytes: Uint8Array, changes: Partial<TrialSpecInput> = {}): Promise<string> =>
    refusal({ ...changed(changes), resumeFrom: { where: "state.safetensors", bytes } });
  /** The checkpoint with other metadata or tensors. */
  function rewritten(metadata: Record<string, string | null>, drop: string[] = []): Uint8Array {
    const file = readSafetensors(checkpoint, "test");
    const entries = new Map(file.metadata);
    for (const [key, value] of Object.entries(metadata)) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
    const tensors = new Map([...file.tensors].filter(([name]) => !drop.includes(name)));
    const bytes = writeSafetensors(tensors, entries.set(sealKey, openSeal));
    seal(bytes);
    return bytes;
  }

  test.each<[string, () => Promise<string>]>([
    ["another model", () => resume(checkpoint, { model: modelByName("mlp:144-4") as KindSpec })],
    ["another seed", () => resume(checkpoint, { seed: 8 })],
    ["another batch size", () => resume(checkpoint, { batchSize: 8 })],
    [
      "another data set",
      () => resume(checkpoint, { data: { ...spec.data, source: { ...spec.data.source, fingerprint: "other" } } }),
    ],
    ["truncated", () => resume(checkpoint.slice(0, checkpoint.length / 2))],
    ["empty", () => resume(new Uint8Array(0))],
    ["garbage", () => resume(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))],
    ["no checkpoint", () => resume(writeSafetensors(new Map(), new Map()))],
    ["another version", () => resume(rewritten({ version: "2" }))],
    ["of more steps than asked for", () => resume(checkpoint, { epochs: undefined, steps: 6 })],
    ["no version", () => resume(rewritten({ version: null }))],
    ["a damaged description", () => resume(rewritten({ spec: "{" }))],
    ["a description of nothing", () => resume(rewritten({ spec: "null" }))],
    ["a description that was edited", () => resume(rewritten({ spec: JSON.stringify({ ...spec, epochs: 3 }) }))],
    ["damaged evaluations", () => resume(rewritten({ evaluations: "[1]" }))],
    ["another step than its history", () => resume(rewritten({ step: "3" }))],
    ["a missing tensor", () => resume(rewritten({}, ["mu/0.weight"]))],
    ["without a checksum", () => resume(unsealed(checkpoint))],
    ["another order of rows", () => refusal({ ...resuming(checkpoint), rows: new Int32Array(16) })],
    [
      "other initial values",
      () => refusal({ ...resuming(checkpoint), initial: new Map([["0.weight", new Float32Array(36)]]) }),
    ],
  ])("%s", async (_name, attempt) => {
    const message = await attempt();
    expect(message).not.toContain("\n");
    expect(message).toMatch(/^2: /);
    // The last digits of the losses in a checkpoint depend on the type of machine, and its length with them.
    expect(message.replace(/(truncated.* received) \d+/, "$1 fewer")).toMatchSnapshot();
  });

  test("of a newer version", async () => {
    expect(await resume(rewritten({ version: "99" }))).toBe(
      "3: state.safetensors: the checkpoint was written by a newer Trainscope: expected version 4 or older, received " +
        "version 99. Update trainscope, or start anew without this file",
    );
  });

  test("wherever one of its bytes was changed", async () => {
    const layout = { parameters: [], buffers: [], slots: {} };
    const untouched = writeCheckpoint(layout, {
      ...{ spec, step: 3, state: [], evaluations: [] },
      ...{ losses: Float32Array.of(3, 2, 1), correct: Float32Array.of(1, 2, 3) },
    });
    for (let at = 0; at < untouched.length; at++) {
      for (const flip of [1, 32, 128]) {
        const bytes = untouched.slice();
        bytes[at] ^= flip;
        expect(() => readCheckpoint("state", bytes, layout, { spec }), `byte ${at}`).toThrow(TrainscopeError);
      }
    }
  });

  /** The checkpoint as the version before wrote it: a spec of schema 1, and checksums of arrays beside it. */
  function older(origin: object, changedData: object = {}): Uint8Array {
    const { schema: _, freeze: __, data: use, epochs: ___, ...rest } = spec;
    const { fingerprint } = use.source;
    const old = {
      ...rest,
      schema: 1,
      epochs: 1,
      data: { dataset: data.id, fingerprint, scaling: use.scaling, ...changedData },
    };
    return rewritten({
      ...{ version: "3", spec: JSON.stringify(old), trial: jsonHash(old), origin: JSON.stringify(origin) },
    });
  }

  test("while one of the version before is continued, unless arrays were handed in", async () => {
    const resumed = await finish({ ...request, resumeFrom: { where: "state", bytes: older({}) } });
    expect(bitsOf(resumed)).toEqual(bitsOf(await finish(request)));
    expect(await refusal(resuming(older({ "order of rows": "758d6336" })))).toMatchInlineSnapshot(
      `"2: state: a checkpoint of an older form, whose order of rows cannot be checked. Start anew without --resume"`,
    );
  });

  test("while the name of a user's file does not matter, but its examples do", async () => {
    const renamed = await finish({
      ...request,
      resumeFrom: { where: "state", bytes: older({}, { dataset: "data.npz" }) },
    });
    expect(bitsOf(renamed)).toEqual(bitsOf(await finish(request)));
    const others = resuming(older({}, { fingerprint: "0".repeat(64) }));
    expect(await refusal(others)).toContain("the checkpoint was made with another data");
  });

  test("while one with a spec of schema 2 is continued, whose sequential order wraps round", async () => {
    const wrapping = changed({ order: "wrapping" });
    const half = await finish(changed({ order: "wrapping", epochs: 1 }));
    const file = readSafetensors(half.checkpoint, "test");
    const stored = { ...JSON.parse(file.metadata.get("spec") ?? ""), schema: 2, order: "sequential" };
    const entries = { spec: JSON.stringify(stored), trial: jsonHash(stored), [sealKey]: openSeal };
    const bytes = writeSafetensors(file.tensors, new Map([...file.metadata, ...Object.entries(entries)]));
    seal(bytes);
    const resumed = await finish({ ...wrapping, resumeFrom: { where: "state", bytes } });
    expect(bitsOf(resumed)).toEqual(bitsOf(await finish(wrapping)));
    expect(await refusal({ ...changed({ order: "sequential" }), resumeFrom: { where: "state", bytes } })).toMatch(
      /made with another order: expected "sequential", received "wrapping"/,
    );
  });

  test("while the untouched one, rewritten, is continued", async () => {
    const resumed = await finish({ ...request, resumeFrom: { where: "state", bytes: rewritten({}) } });
    expect(bitsOf(resumed)).toEqual(bitsOf(await finish(request)));
  });
});

test("a rate of a million diverges: the event names step and tensor, the state is that before the bad step", async () => {
  const optimizer = { kind: "sgd", learningRate: 1e6, momentum: 0.9 };
  const model = modelByName("mlp:144-20-4") as KindSpec;
  const found = await finish(changed({ optimizer, model }));
  const last = found.events.at(-2);
  if (last?.kind !== "diverged") throw new Error(`expected diverged, received ${last?.kind}`);
  expect(Number.isFinite(last.loss)).toBe(false);
  expect(found.losses.length).toBe(last.step + 1);
  expect(found.losses.slice(0, -1).every(Number.isFinite)).toBe(true);
  expect(last.tensor).toMatch(/^(?:parameter \S+|(?:model|loss).* > \w+)$/);
  // Cut into single steps, it diverges at the same place.
  const single = await finish({ ...changed({ optimizer, model }), runtime: watched(runtime, 1000).runtime });
  expect(single.events.at(-2)).toEqual(last);
  const { kind: _, ...divergence } = last;
  expect(found.events.at(-1)).toEqual({ kind: "done", step: last.step, diverged: [divergence] });
  expect(last.epoch).toBe(last.step / 7);
});

test("a last update that goes wrong is a divergence too, though every loss was a number", async () => {
  const model = modelByName("mlp:144-20-4") as KindSpec;
  // More than float32 can hold.
  const found = await finish(
    changed({ optimizer: { kind: "sgd", learningRate: 1e39 }, model, batchSize: 100, epochs: 1 }),
  );
  expect(found.losses.map(Number.isFinite)).toEqual([true]);
  const divergence = { network: 0, step: 1, epoch: 1, loss: Number.NaN, tensor: "parameter 1.weight" };
  expect(found.events.slice(-2)).toEqual([
    { kind: "diverged", ...divergence },
    { kind: "done", step: 1, diverged: [divergence] },
  ]);
});

test("an evaluation that is not a number survives a checkpoint", () => {
  const layout = { parameters: [], buffers: [], slots: {} };
  const evaluations = [
    { phase: "train", step: 0, epoch: 0, loss: [Number.NaN], accuracy: [0.1] },
    { phase: "validation", step: 0, epoch: 0, loss: [Number.POSITIVE_INFINITY] },
  ] as const;
  const empty = new Float32Array(0);
  const bytes = writeCheckpoint(layout, {
    spec,
    step: 0,
    state: [],
    losses: empty,
    correct: empty,
    evaluations,
  });
  expect(readCheckpoint("state", bytes, layout, { spec }).evaluations).toEqual(evaluations);
});

describe("evaluation", () => {
  test("equals a plain evaluation of the network in float64, over all examples", async () => {
    const trial = openTrial({ spec, data, runtime, threads: 1, now: () => performance.now() });
    for await (const _event of trial.run());
    for (const split of ["train", "test"] as const) {
      const measured = await trial.evaluate(split);
      const { inputs, targets } = data[split]!;
      const count = inputs.shape[0];
      const network = buildNetwork(spec.model, { mode: "inference", batchSize: count, inputShape: data.inputShape });
      const tensors = await trial.tensors();
      const named = [...network.parameters, ...network.buffers];
      const x = fromTensorData(inputs).data.map((byte) => (byte / 255 - 0.1) / 0.3);
      const [output] = evaluateGraph(
        graph([...network.inputs, ...named.map(({ tensor }) => tensor)], { y: network.output }),
        [
          { dtype: "float32", shape: inputs.shape, data: x },
          ...named.map(({ path }) => fromTensorData(tensors.get(path)!)),
        ],
      );
      let [loss, correct] = [0, 0];
      for (let n = 0; n < count; n++) {
        const row = [...output.data.subarray(n * 4, n * 4 + 4)];
        const label = Number(targets.data[n]);
        loss += Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[label];
        if (row.indexOf(Math.max(...row)) === label) correct++;
      }
      expect(Math.abs(measured.loss[0] / (loss / count) - 1)).toBeLessThan(1e-5);
      expect(measured.accuracy).toEqual([correct / count]);
    }
    const last = trial.history.evaluations.at(-1)!;
    expect(last).toMatchObject({ step: 14, epoch: 2, ...(await trial.evaluate("test")) });
    await trial.dispose();
  });

  test("of an epoch's training rows is the mean over examples, not over batches", async () => {
    const { trial, events } = await finish(changed({ epochs: 1 }));
    const steps = events.flatMap((event) => (event.kind === "steps" ? [event] : []));
    const sizes = steps.flatMap(({ examples }) => [...examples]);
    const mean = trial.history.lossesOf().reduce((sum, loss, i) => sum + loss * sizes[i], 0) / 100;
    const correct = steps.flatMap((step) => [...step.correct]).reduce((sum, count) => sum + count, 0);
    expect(trial.history.evaluations[0]).toEqual({
      ...{ phase: "train", step: 7, epoch: 1 },
      ...{ loss: [mean], accuracy: [correct / 100] },
    });
    expect(lossFunction(spec.loss).targets).toBe("classNumbers");
  });
});

describe("after dispose nothing stays in the runtime", () => {
  test.each([
    ["a finished trial", request],
    ["an interrupted one", { ...request, signal: AbortSignal.abort() }],
    ["a diverged one", changed({ optimizer: { kind: "sgd", learningRate: 1e30 } })],
    ["one with a checkpoint that is refused", { ...request, resumeFrom: { where: "x", bytes: new Uint8Array(3) } }],
  ])("%s", async (_name, given) => {
    const watching = watched(runtime);
    await finish({ ...given, runtime: watching.runtime }).catch(() => undefined);
    expect([...watching.resident]).toEqual([]);
    expect(watching.open.size).toBe(0);
  });

  test("a trial that never ran, and one that is left in the middle", async () => {
    const watching = watched(runtime, 250);
    const idle = openTrial({ spec, data, runtime: watching.runtime, now: () => performance.now() });
    await idle.dispose();
    const left = openTrial({ spec, data, runtime: watching.runtime, now: () => performance.now() });
    for await (const event of left.run()) if (event.kind === "steps") break;
    expect(watching.resident.size).toBeGreaterThan(0);
    await left.dispose();
    expect([...watching.resident]).toEqual([]);
  });

  test("two trials of one spec in one runtime do not touch each other", async () => {
    const alone = bitsOf(await finish(request));
    const together = await Promise.all([finish(request), finish(request)]);
    for (const found of together) expect(bitsOf(found)).toEqual(alone);
  });
});

test("without a held-out split epochs measure training alone, and asking for it is refused", async () => {
  const { test: _, ...data } = patches(40);
  const { trial, events } = await finish({ spec: trialSpec(data), data, runtime, threads: 1 }, undefined);
  const epochs = events.flatMap((event) => (event.kind === "epoch" ? [event] : []));
  expect(epochs.map(({ measured }) => measured.map(({ phase }) => phase))).toEqual([["train"], ["train"]]);
  expect(trial.history.evaluations.map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(["train 1", "train 2"]);
  await expect(trial.evaluate("test")).rejects.toThrow("no examples are held out");
});
