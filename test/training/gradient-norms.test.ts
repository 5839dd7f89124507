// What drives each update is told: its rate, momentum, batch, the norm of its gradient, and whether that was clipped.
import { afterAll, describe, expect, test } from "vitest";
import type { LayerSpec } from "../../src/nn/layer.js";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { train } from "../../src/train/train.js";
import type { EventOf } from "../../src/train/trial/events.js";
import { bitsOf, type Finished, finish, patches, type SmallRequest, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const data = patches(40);
const model = modelByName("mlp:144-12-4") as KindSpec;
const momentum = { kind: "sgd", learningRate: 0.3, momentum: 0.9 };

function request(changes: Partial<TrialSpecInput> = {}, others: Partial<SmallRequest> = {}): SmallRequest {
  const spec = trialSpec(data, { model, optimizer: { kind: "sgd", learningRate: 0.3 }, epochs: 2, ...changes });
  return { spec, data, runtime, threads: 1, ...others };
}

/** A column of all steps. */
function column(found: Finished, name: "gradientNorms" | "clipped"): number[] {
  const steps = found.events.filter((event): event is EventOf<"steps"> => event.kind === "steps");
  return steps.flatMap((event) => [...(event[name] ?? [])]);
}

/** Norms of the gradients of all steps, by the probes. */
async function probedNorms(changes: Partial<TrialSpecInput>): Promise<number[]> {
  const probes = { every: 1, of: ["gradients" as const], statistics: ["norm" as const] };
  const { trial } = await finish(request(changes, { probes }));
  const norm = (values: readonly { readonly of: string; readonly value: number }[]): number =>
    Math.sqrt(values.reduce((sum, { of, value }) => (of === "gradients" ? sum + value ** 2 : sum), 0));
  return trial.probed.slice(0, trial.history.steps).map(([{ values }]) => norm(values));
}

test.each([
  ["whole batches", {}],
  ["parts of a batch", { microBatchSize: 5 }],
] as const)(
  "the norm of every step is that of the gradient (%s), and measuring it changes no bit",
  async (_name, form) => {
    const found = await finish(request(form, { gradientNorm: true }));
    const expected = await probedNorms({});
    for (const [step, norm] of column(found, "gradientNorms").entries())
      expect(norm / expected[step]).toBeCloseTo(1, 4);
    expect(column(found, "gradientNorms")).toHaveLength(6);
    expect(column(found, "clipped")).toEqual([]);
    const plain = await finish(request(form));
    expect(column(plain, "gradientNorms")).toEqual([]);
    expect(bitsOf(found)).toEqual(bitsOf(plain));
  },
);

test("a convolutional network with everything that carries state has the same bits with norms", async () => {
  const spec = trialSpec(data);
  const [plain, found] = [
    await finish({ ...request(), spec }),
    await finish({ ...request({}, { gradientNorm: true }), spec }),
  ];
  expect(bitsOf(found)).toEqual(bitsOf(plain));
});

describe("clipped gradients tell their norm before, and whether a limit changed them", () => {
  test("by the norm", async () => {
    const free = column(await finish(request({}, { gradientNorm: true })), "gradientNorms");
    const [first] = free;
    const above = await finish(request({ clip: { norm: first * 1.01 }, steps: 1, epochs: undefined }));
    expect([column(above, "gradientNorms"), column(above, "clipped")]).toEqual([[first], [0]]);
    const below = await finish(request({ clip: { norm: first * 0.99 }, steps: 1, epochs: undefined }));
    expect([column(below, "gradientNorms"), column(below, "clipped")]).toEqual([[first], [1]]);
  });

  test("by elements, and by both", async () => {
    const measured = await finish(request({ clip: { value: 1e6 } }));
    expect(column(measured, "clipped")).toEqual(new Array(6).fill(0));
    const norms = column(measured, "gradientNorms");
    const small = await finish(request({ clip: { value: 1e-6, norm: 1e6 } }));
    expect(column(small, "clipped")).toEqual(new Array(6).fill(1));
    expect(column(small, "gradientNorms")[0]).toBe(norms[0]);
  });

  test.each([
    ["few networks", 3],
    ["networks in groups of lanes", 40],
  ])("in an ensemble, each network by itself (%s)", async (_name, ensemble) => {
    const clip = { norm: 1.2, value: 0.5 };
    const many = await finish(request({ ensemble, clip }));
    const steps = 6;
    for (const network of [0, 1, ensemble - 1]) {
      const alone = await finish(request({ clip, seed: 7 + network }));
      const own = (name: "gradientNorms" | "clipped"): number[] =>
        column(many, name).filter((_, i) => i % ensemble === network);
      expect(own("clipped")).toEqual(column(alone, "clipped"));
      for (const [step, norm] of column(alone, "gradientNorms").entries())
        expect(own("gradientNorms")[step] / norm).toBeCloseTo(1, 3);
      expect(own("clipped")).toHaveLength(steps);
    }
  });
});

test("rows of train() carry what drove every step", async () => {
  const options = { model: model as LayerSpec, data, runtime, threads: 1, batchSize: 16, epochs: 1 };
  const metricsOf = async (changes: object): Promise<Record<string, number[]>> => {
    const found = new Map<string, number[]>();
    for await (const { metric, phase, over, step, value } of train({ ...options, optimizer: momentum, ...changes }))
      if (phase === "train" && over === undefined && step < 3) found.set(metric, [...(found.get(metric) ?? []), value]);
    return Object.fromEntries(found);
  };
  const all = await metricsOf({ clip: { norm: 1e6 } });
  expect(Object.keys(all)).toEqual(["loss", "learningRate", "momentum", "batchSize", "gradientNorm", "clipped"]);
  expect(all).toMatchObject({
    learningRate: [0.3, 0.3, 0.3],
    momentum: [0.9, 0.9, 0.9],
    batchSize: [16, 16, 8],
    clipped: [0, 0, 0],
  });
  const plain = await metricsOf({ optimizer: { kind: "sgd", learningRate: 0.3 } });
  expect(Object.keys(plain)).toEqual(["loss", "learningRate", "batchSize"]);
  expect(Object.keys(await metricsOf({ stepMetrics: ["loss"] }))).toEqual(["loss"]);
  expect(Object.keys(await metricsOf({ gradientNorm: true }))).toContain("gradientNorm");
});
