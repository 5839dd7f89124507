// The public entry points as users import them: the example of the README, and the contract of `train`.

import {
  type Dataset,
  evaluateGraph,
  filled,
  gradients,
  graph,
  input,
  type MetricRow,
  ndFill,
  nn,
  onnxNetwork,
  ops,
  optim,
  readOnnx,
  type Split,
  type TensorData,
  TrainscopeError,
  train,
  writeOnnx,
} from "trainscope";
import { dataset, nodeRuntime } from "trainscope/node";
import { afterEach, expect, test, vi } from "vitest";

// Tests use no network, only the needed part of the embedded sample.
vi.mock("trainscope/node", async (original) => {
  const actual = await original<typeof import("trainscope/node")>();
  return { ...actual, dataset: async (id: string) => firstExamples(await offline(actual.dataset, id)) };
});

async function offline(load: typeof dataset, id: string): Promise<Dataset> {
  const nowhere = { data: "/nonexistent" };
  return load(id, { allowDownload: false, environment: {}, paths: nowhere });
}

function firstExamples(data: Dataset): Dataset {
  const first = (tensor: TensorData, count: number): TensorData => {
    const size = tensor.data.length / tensor.shape[0];
    return { ...tensor, shape: [count, ...tensor.shape.slice(1)], data: tensor.data.slice(0, count * size) };
  };
  const cut = ({ inputs, targets }: Split, count: number): Split => ({
    inputs: first(inputs, count),
    targets: first(targets, count),
  });
  return { ...data, train: cut(data.train, 500), test: cut(data.test!, 250) };
}

afterEach(() => vi.restoreAllMocks());

test("the example of the README trains and prints validation after each of three epochs", async () => {
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text));
  await import("../examples/train-a-network.js");
  expect(printed.map((line) => line.replace(/\d\.\d{4}$/, "#"))).toEqual(
    [1, 2, 3].flatMap((epoch) => [`epoch ${epoch}: loss #`, `epoch ${epoch}: accuracy #`]),
  );
  const accuracies = printed.filter((line) => line.includes("accuracy")).map((line) => Number(line.slice(-6)));
  expect(accuracies[2]).toBeGreaterThan(0.6);
});

const model = nn.sequential([nn.flatten(), nn.dense({ units: 10 })]);

async function rowsOf(changes: Partial<Parameters<typeof train>[0]>): Promise<MetricRow[]> {
  const runtime = nodeRuntime({ cores: 1 });
  try {
    const rows: MetricRow[] = [];
    const data = await dataset("mnist");
    for await (const row of train({ model, data, optimizer: optim.sgd({ learningRate: 0.1 }), runtime, ...changes }))
      rows.push(row);
    return rows;
  } finally {
    await runtime.dispose();
  }
}

test("there is a row with the loss of every step, then rows with loss and accuracy of both splits per epoch", async () => {
  const rows = await rowsOf({ epochs: 2, batchSize: 100, stepMetrics: ["loss"] });
  const stepRows = rows.filter(({ phase, epoch }, i) => phase === "train" && i % 9 < 5 && epoch < 2);
  expect(stepRows.map(({ step, epoch, metric, path }) => [step, epoch, metric, path])).toEqual(
    Array.from({ length: 10 }, (_, step) => [step, step / 5, "loss", ""]),
  );
  expect(rows.slice(5, 9).map(({ phase, metric, epoch, step }) => [phase, metric, epoch, step])).toEqual([
    ["train", "loss", 1, 5],
    ["train", "accuracy", 1, 5],
    ["validation", "loss", 1, 5],
    ["validation", "accuracy", 1, 5],
  ]);
  expect(rows).toHaveLength(18);
  expect(new Set(rows.map(({ trial }) => trial)).size).toBe(1);
  expect(await rowsOf({ epochs: 2, batchSize: 100, stepMetrics: ["loss"] })).toEqual(rows);
});

test("no two rows have the same key, so means over an epoch differ from the rows of the next step", async () => {
  const ensemble = { ensemble: 2, optimizer: optim.sgd({ learningRate: 0.1 }) };
  for (const changes of [{}, ensemble]) {
    const rows = await rowsOf({ epochs: 3, batchSize: 100, ...changes });
    const keys = rows.map(({ value: _, ...key }) => JSON.stringify(Object.entries(key).sort()));
    expect(new Set(keys).size).toBe(rows.length);
    const means = rows.filter(({ over }) => over === "epoch");
    expect(means.map(({ phase, step, metric, network = 0 }) => `${phase} ${step} ${metric} ${network}`)).toEqual(
      [5, 10, 15].flatMap((step) =>
        ["loss", "accuracy"].flatMap((metric) =>
          ("ensemble" in changes ? [0, 1] : [0]).map((network) => `train ${step} ${metric} ${network}`),
        ),
      ),
    );
  }
});

test("schedule, loss and steps are passed on", async () => {
  const schedule = optim.step({ every: 1, unit: "step", factor: 1e-9 });
  const given = { steps: 3, schedule, loss: nn.crossEntropy(), order: "sequential", batchSize: 500 } as const;
  const rows = await rowsOf({ ...given, stepMetrics: ["loss"] });
  // Every step is an epoch of the same single batch, and after the first update the learning rate is nearly zero.
  const [first, second, third] = [rows[0], rows[5], rows[10]].map(({ value }) => value);
  expect(second).toBeLessThan(first - 0.1);
  expect(third).toBeCloseTo(second, 5);
  expect(rows).toHaveLength(15);
});

test("an aborted signal ends the stream before the first row", async () => {
  expect(await rowsOf({ signal: AbortSignal.abort() })).toEqual([]);
});

test("a graph is built, differentiated, evaluated, written and read back", () => {
  const x = input("x", "float64", [3]);
  const [slope] = gradients({ of: ops.reduceSum(ops.mul(x, ops.mul(x, x))), withRespectTo: [x] });
  const cubed = graph([x], { slope });
  const values = [ndFill("float64", [3], (index) => index + 1)];
  expect([...evaluateGraph(cubed, values)[0].data]).toEqual([3, 12, 27]);
  const again = readOnnx(writeOnnx(cubed), "cubed.onnx");
  expect(evaluateGraph(again, values)).toEqual(evaluateGraph(cubed, values));
});

test("options that do not fit are refused before the first row", async () => {
  await expect(rowsOf({ epochs: 1, steps: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: train: two lengths are given: expected one of epochs and steps, received both]`,
  );
  await expect(rowsOf({ batchSize: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: train.batchSize: expected a number above 0, received 0]`,
  );
  await expect(rowsOf({ model: nn.dense({ units: 10 }) })).rejects.toBeInstanceOf(TrainscopeError);
});

test("probes give rows with their readings by path", async () => {
  const deep = nn.sequential([nn.flatten(), nn.dense({ units: 16 }), nn.relu(), nn.dense({ units: 10 })]);
  const probes = { every: 4, of: ["activations", "weights"] as const };
  const rows = await rowsOf({ model: deep, steps: 9, probes: { ...probes, of: [...probes.of] } });
  const dead = rows.filter(({ metric }) => metric === "activations.deadFraction");
  expect(dead.map(({ step, path }) => [step, path])).toEqual([0, 4, 8].map((step) => [step, "model.layers[2] (relu)"]));
  expect(dead[0].epoch).toBe(0);
  expect(dead[1].epoch).toBeCloseTo(4 / 8, 12);
  expect(rows.filter(({ metric, path }) => metric === "weights.norm" && path === "1.weight").length).toBe(3);
  const losses = (given: MetricRow[]) => given.filter(({ metric }) => metric === "loss").map(({ value }) => value);
  expect(losses(rows)).toEqual(losses(await rowsOf({ model: deep, steps: 9 })));
});

test("a model from a file trains like the layers from which it was written", async () => {
  const layers = nn.sequential([
    nn.flatten(),
    nn.dense({ units: 10, weightInitializer: "zeros", biasInitializer: "zeros" }),
  ]);
  const x = input("x", "float32", [64, 1, 28, 28]);
  const weight = filled("float32", [10, 784], 0);
  const bias = filled("float32", [10], 0);
  const y = ops.gemm(ops.flatten(x), weight, bias, { transB: 1 });
  const network = onnxNetwork(writeOnnx(graph([x], { y })), "model.onnx");
  const found = await rowsOf({ model: network, steps: 5, optimizer: optim.adam(), stepMetrics: ["loss"] });
  const expected = await rowsOf({ model: layers, steps: 5, optimizer: optim.adam(), stepMetrics: ["loss"] });
  expect(found.length).toBe(5);
  for (const [i, { value }] of found.entries()) expect(value).toBeCloseTo(expected[i].value, 5);
});

test("an ensemble of a model from a file is refused, because all networks would start equal", async () => {
  const x = input("x", "float32", [64, 1, 28, 28]);
  const y = ops.matMul(ops.flatten(x), filled("float32", [784, 10], 0.1));
  const network = onnxNetwork(writeOnnx(graph([x], { y })), "model.onnx");
  await expect(rowsOf({ model: network, steps: 2, ensemble: 2 })).rejects.toThrow(/all networks would be one/);
});

test.each([-1, 10, 0.5])("the token %d is refused before anything runs, with its example", async (token) => {
  const tokens = Float32Array.from({ length: 40 }, (_, i) => i % 10);
  tokens[13] = token;
  const targets = { dtype: "int32" as const, shape: [10], data: new Int32Array(10) };
  const data: Dataset = {
    ...(await dataset("mnist")),
    train: { inputs: { dtype: "float32", shape: [10, 4], data: tokens }, targets },
    inputShape: [4],
  };
  const { test: _, normalization: __, ...untested } = data;
  const reader = nn.sequential([nn.embedding({ count: 10, features: 3 }), nn.flatten(), nn.dense({ units: 10 })]);
  const failure = rowsOf({ model: reader, data: untested, steps: 1 });
  await expect(failure).rejects.toThrow(/example 3 .*not a token.*0 to 9 .*embedding/);
});
