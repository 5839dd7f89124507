// Specs: one training has one name, and what no training can follow is refused.
import { describe, expect, test } from "vitest";
import { syntheticDataset } from "../../data/synthetic.js";
import { dense, flatten, relu, residual, sequential } from "../../nn/index.js";
import { adam, growingBatch, warmUp } from "../../optim/index.js";
import { dataUse } from "./data-use.js";
import { specWithArrays, trialOrigin } from "./origin.js";
import { type TrialSpecInput, trialId, trialSpec } from "./trial-spec.js";

const data = dataUse(syntheticDataset("two-moons:points=20"));
const input: TrialSpecInput = { model: { kind: "dense", units: 2 }, data, optimizer: { kind: "adam" } };
const idOf = (changes: Partial<TrialSpecInput> = {}): string => trialId(trialSpec({ ...input, ...changes }));

describe("one training has one name", () => {
  const layer = { kind: "dense", units: 2 };
  test.each<[string, Partial<TrialSpecInput>, Partial<TrialSpecInput>?]>([
    ["the default loss", { loss: { kind: "crossEntropy", labelSmoothing: 0, probabilities: false } }],
    ["the options of an optimizer", { optimizer: adam() }],
    ["the schedule", { schedule: { kind: "constant" } }],
    ["the length", { epochs: 1 }],
    ["batch size, order, seed and schema", { batchSize: 64, order: "shuffle", dropLast: false, seed: 0, schema: 3 }],
    ["undefined", { clip: undefined, freeze: undefined, steps: undefined, batchSchedule: undefined }],
    ["no limits", { clip: {} }],
    ["nothing frozen", { freeze: [] }],
    ["no augmentation", { data: { ...data, augment: [], examples: {} } }],
    ["a constant batch size", { batchSchedule: { kind: "constant" } }],
    ["micro-batches as large as the batch", { microBatchSize: 64 }],
    ["an order that nobody shares", { order: "shared" }],
    [
      "options in another order",
      { optimizer: Object.fromEntries(Object.entries(adam()).reverse()) as typeof input.optimizer },
    ],
    ["the options of a layer", { model: dense({ units: 2 }) }],
    ["an initializer by name", { model: dense({ units: 2, weightInitializer: "torch-default" }) }],
    [
      "layers inside layers",
      { model: sequential([flatten(), residual({ branch: dense({ units: 2 }) }), relu()]) },
      {
        model: {
          kind: "sequential",
          layers: [{ kind: "flatten" }, { kind: "residual", branch: layer }, { kind: "relu" }],
        },
      },
    ],
    [
      "a schedule inside a schedule",
      { schedule: warmUp({ length: 2 }) },
      { schedule: { kind: "warmUp", length: 2, next: { kind: "constant" } } },
    ],
    ["patterns in another order", { freeze: ["b", "a", "b"] }, { freeze: ["a", "b"] }],
    ["as many networks as learning rates", { learningRates: [0.1, 0.2], ensemble: 2 }, { learningRates: [0.1, 0.2] }],
    ["a wrapping order, which has no last batch", { order: "wrapping", dropLast: true }, { order: "wrapping" }],
  ])("whether left out or written out: %s", (_name, written, left = {}) => {
    expect(idOf(written)).toBe(idOf(left));
  });

  test("and everything that changes a training changes the name", () => {
    const others: Partial<TrialSpecInput>[] = [
      {},
      { seed: 1 },
      { epochs: 2 },
      { steps: 1 },
      { batchSize: 32 },
      { optimizer: adam({ learningRate: 0.1 }) },
      { loss: { kind: "crossEntropy", labelSmoothing: 0.1 } },
      { schedule: { kind: "cosine" } },
      { batchSchedule: growingBatch() },
      { microBatchSize: 16 },
      { clip: { norm: 1 } },
      { freeze: ["*.bias"] },
      { order: "sequential" },
      { order: "sequential", dropLast: true },
      { order: "wrapping" },
      { dropLast: true },
      { ensemble: 3 },
      { learningRates: [0.1, 0.2, 0.3] },
      { data: { ...data, scaling: "standardize" } },
      { data: { ...data, examples: { train: 5 } } },
      { data: { ...data, source: { ...data.source, fingerprint: "other" } } },
      { model: { kind: "dense", units: 3 } },
      { rows: "0".repeat(64) },
      { initial: "0".repeat(64) },
    ];
    expect(new Set(others.map(idOf)).size).toBe(others.length);
  });

  test("a complete spec comes back as it is, and shares nothing with what it was made of", () => {
    const layers = [{ kind: "flatten" }, { kind: "dense", units: 2 }];
    const spec = trialSpec({ ...input, model: { kind: "sequential", layers } });
    expect(trialSpec(spec)).toEqual(spec);
    layers.pop();
    expect(spec.model.layers).toHaveLength(2);
  });

  test("a trial of no steps is one: it measures the initial state", () => {
    expect(trialSpec({ ...input, steps: 0 })).toMatchObject({ steps: 0 });
  });
});

describe("arrays that are handed in are part of the name", () => {
  const rows = Int32Array.of(1, 2, 3);
  const initial = new Map([
    ["weight", Float32Array.of(1, 2)],
    ["bias", Float32Array.of(3)],
  ]);

  test("by their hash, whatever the order of the entries", () => {
    const reversed = new Map([...initial].reverse());
    expect(specWithArrays(input, { initial: reversed })).toEqual(specWithArrays(input, { initial }));
    const others = [
      {},
      { rows },
      { rows: Int32Array.of(1, 3, 2) },
      { initial },
      { rows, initial },
      { initial: new Map([["weight", Float32Array.of(1, 2, 3)]]) },
      { initial: new Map([["weight", Float32Array.of(1, 2)]]) },
    ];
    expect(new Set(others.map((arrays) => trialId(specWithArrays(input, arrays)))).size).toBe(others.length);
    expect(specWithArrays(input, { initial: new Map() })).toEqual(trialSpec(input));
  });

  test("and others than the spec names are refused, as are none", () => {
    const spec = specWithArrays(input, { rows });
    expect(specWithArrays(spec, { rows })).toEqual(spec);
    expect(trialOrigin({ rows })).toEqual({ rows: spec.rows });
    expect(() => specWithArrays(spec, {})).toThrow(/^trial.rows: the spec was made for other arrays .*received none/);
    expect(() => specWithArrays(spec, { rows: Int32Array.of(1) })).toThrow(/^trial.rows: the spec was made for other/);
  });
});

test.each<[string, object]>([
  ["an unknown field", { optimiser: { kind: "adam" } }],
  ["an unknown field of the data", { data: { ...data, scalling: "raw" } }],
  ["an unknown field of the source", { data: { ...data, source: { ...data.source, finger: "print" } } }],
  ["an unknown source", { data: { ...data, source: { kind: "publisched", name: "mnist", fingerprint: "1" } } }],
  ["probes, which change no training", { probes: {} }],
  ["a missing model", { model: undefined }],
  ["a model that is none", { model: null }],
  ["an optimizer that is none", { optimizer: "adam" }],
  ["missing data", { data: undefined }],
  ["no scaling", { data: { source: data.source } }],
  ["an unknown option inside the model", { model: { kind: "sequential", layers: [{ kind: "dense", unit: 2 }] } }],
  ["an unknown initializer", { model: { kind: "dense", units: 2, weightInitializer: "heNrmal" } }],
  ["an unknown loss", { loss: { kind: "crossEntropi" } }],
  ["an unknown schedule inside another", { schedule: { kind: "warmUp", next: { kind: "cosin" } } }],
  ["a model from a file without its fingerprint", { model: { kind: "onnx" } }],
  ["a length given twice", { epochs: 1, steps: 1 }],
  ["no epochs", { epochs: 0 }],
  ["half a step", { steps: 0.5 }],
  ["no batch", { batchSize: 0 }],
  ["a seed that is no number", { seed: Number.NaN }],
  ["a limit of nothing", { clip: { norm: 0 } }],
  ["an unknown limit", { clip: { nrom: 1 } }],
  ["fewer learning rates than networks", { ensemble: 3, learningRates: [0.1] }],
  ["no learning rates", { learningRates: [] }],
  ["a hash that is none", { rows: "abc" }],
  ["a spec of the older form", { schema: 2 }],
  ["a spec of the oldest form", { schema: 1 }],
  ["a spec of a newer form", { schema: 4 }],
])("%s is refused with what is expected", (_name, changes) => {
  expect(() => trialSpec({ ...input, ...changes } as TrialSpecInput)).toThrowErrorMatchingSnapshot();
});

test("what is no object is no spec", () => {
  for (const none of [undefined, null, [], "spec"])
    expect(() => trialSpec(none as never)).toThrow(/^trial: not a trial spec: expected an object with model, data/);
});

test("augmentations and the share for validation are written out, and each makes another training", () => {
  const plain = trialSpec(input);
  const changed = [
    { data: { ...data, augment: [{ kind: "randomShift" }] } },
    { data: { ...data, augment: [{ kind: "randomShift", pixels: 2 }, { kind: "randomHorizontalFlip" }] } },
    { data: { ...data, validation: { fraction: 0.1 } } },
    { data: { ...data, examples: { validation: 10 } } },
  ].map((changes) => trialSpec({ ...input, ...changes }));
  expect(changed[0].data.augment).toEqual([{ kind: "randomShift", pixels: 4, fill: "zero" }]);
  expect(changed[1].data.augment).toEqual([
    { kind: "randomShift", pixels: 2, fill: "zero" },
    { kind: "randomHorizontalFlip", probability: 0.5 },
  ]);
  expect(changed[2].data.validation).toEqual({ fraction: 0.1, seed: 0 });
  expect(new Set([plain, ...changed].map(trialId)).size).toBe(5);
  expect(() => trialSpec({ ...input, data: { ...data, augment: [{ kind: "cutout" }] } })).toThrow(
    'data.augment[0]: unknown augmentation "cutout". Valid: randomShift, randomHorizontalFlip',
  );
});
