// Layers that share weights by name train as in PyTorch, with one stored parameter and summed gradients.

import { afterAll, describe, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { randomStream } from "../../src/core/random/rng.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { constant } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { graph } from "../../src/graph/graph.js";
import { mul } from "../../src/graph/ops/elementwise/arithmetic.js";
import { reduceSum } from "../../src/graph/ops/reduction/reduction.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { fromTensorData } from "../../src/graph/reference/nd-array.js";
import { nn } from "../../src/index.js";
import type { LayerSpec } from "../../src/nn/layer.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { openTrial } from "../../src/train/trial/trial.js";
import fixture from "../../tools/oracle/fixtures/shared-weights.json" with { type: "json" };
import { finish, floats, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const { dense, tanh, batchNorm, sequential, shared } = nn;
const block = shared("block", sequential([dense({ units: 4 }), batchNorm(), tanh()]));
const tied = sequential([
  shared("code", dense({ units: 4 }), { parameters: ["weight"] }),
  tanh(),
  block,
  block,
  shared("code", dense({ units: 6 }), { parameters: ["weight"], transposed: true }),
]);

const inputs = {
  dtype: "float32" as const,
  shape: [floats(fixture.inputs).length / fixture.features, fixture.features],
  data: floats(fixture.inputs),
};
const split = { inputs, targets: inputs };
const data: Dataset = {
  ...localData("tied", "tied"),
  inputShape: [fixture.features],
  train: split,
  test: split,
};
const spec = (model: LayerSpec, changes: object = {}) =>
  trialSpec(data, {
    model: model as KindSpec,
    data: dataUse(data, { scaling: "raw" }),
    loss: { kind: "meanSquaredError" },
    optimizer: { kind: "adam", learningRate: 0.01, weightDecay: 0.01 },
    batchSize: fixture.batchSize,
    order: "wrapping",
    steps: fixture.losses.length,
    ...changes,
  });

test("a tied autoencoder with a block that is used twice trains as in PyTorch", async () => {
  const initial = new Map(Object.entries(fixture.initial).map(([path, text]) => [path, floats(text)]));
  const { losses, tensors, trial } = await finish({ spec: spec(tied), data, runtime, threads: 1, initial });
  expect(Math.max(...fixture.losses.map((loss, step) => Math.abs(losses[step] / loss - 1)))).toBeLessThan(1e-4);
  // Each is in the state once.
  expect([...tensors.keys()].sort()).toEqual(Object.keys(fixture.final).sort());
  for (const [path, text] of Object.entries(fixture.final)) {
    const found = tensors.get(path)?.data as Float32Array;
    for (const [i, value] of floats(text).entries()) expect(Math.abs(found[i] - value), path).toBeLessThan(1e-4);
  }
  const [
    {
      loss: [loss],
    },
  ] = trial.history.evaluations.slice(-1);
  expect(Math.abs(loss / fixture.evaluation - 1)).toBeLessThan(1e-4);
});

describe("the gradient of a shared weight", () => {
  /** Slopes of a random sum of the outputs. Parameters with equal last names have equal random values. */
  function slopesOf(model: LayerSpec, drawnAs: (path: string) => string): Map<string, readonly number[]> {
    const {
      inputs: xs,
      output,
      parameters,
    } = nn.buildNetwork(model, {
      ...{ mode: "training", batchSize: 3, inputShape: [5] },
    });
    const drawn = (name: string, shape: readonly number[]) => {
      const stream = randomStream(4, name);
      const count = shape.reduce((size, extent) => size * extent, 1);
      return tensorFrom(
        "float32",
        shape,
        Array.from({ length: count }, (_, i) => stream.normal(i)),
      );
    };
    const loss = reduceSum(mul(output, constant(drawn("loss", output.shape))));
    const slopes = gradients({ of: loss, withRespectTo: parameters.map(({ tensor }) => tensor) });
    const outputs = Object.fromEntries(slopes.map((slope, i) => [`${i}`, slope]));
    const values = [drawn("x", [3, 5]), ...parameters.map(({ path, tensor }) => drawn(drawnAs(path), tensor.shape))];
    const found = evaluateGraph(
      graph([...xs, ...parameters.map(({ tensor }) => tensor)], outputs),
      values.map(fromTensorData),
    );
    return new Map(parameters.map(({ path }, i) => [path, [...(found[i].data as ArrayLike<number> as number[])]]));
  }

  test("is the sum of the gradients of its uses", () => {
    const layer = dense({ units: 5 });
    const apart = slopesOf(sequential([layer, tanh(), layer, tanh(), layer]), (path) => path.slice(2));
    const once = shared("w", layer, { parameters: ["weight"] });
    const together = slopesOf(sequential([once, tanh(), once, tanh(), layer]), (path) => path.slice(2));
    expect([...together.keys()]).toEqual(["w.weight", "0.bias", "2.bias", "4.weight", "4.bias"]);
    const sum = apart.get("0.weight")?.map((x, i) => x + (apart.get("2.weight")?.[i] ?? Number.NaN));
    for (const [i, x] of (together.get("w.weight") ?? []).entries()) expect(x).toBeCloseTo(sum?.[i] ?? Number.NaN, 9);
    for (const path of ["0.bias", "2.bias", "4.weight"]) expect(together.get(path)).toEqual(apart.get(path));
  });
});

describe("names", () => {
  const pathsOf = (model: LayerSpec) =>
    nn
      .buildNetwork(model, { mode: "training", batchSize: 2, inputShape: [5] })
      .parameters.map(({ path, tensor: { shape } }) => `${path} ${shape.join("x")}`);

  test("refer to the same parameter at any depth, and may equal the path of another layer", () => {
    const layer = dense({ units: 5, bias: false });
    const deep = nn.parallel([sequential([shared("w", layer)]), tanh()], { join: "sum" });
    expect(pathsOf(sequential([shared("w", layer), deep, layer]))).toEqual(["w.weight 5x5", "2.weight 5x5"]);
    expect(pathsOf(sequential([layer, tanh(), shared("0", layer)]))).toEqual(["0.weight 5x5"]);
    // A shared block inside a shared block: the inner name counts.
    expect(pathsOf(shared("a", sequential([shared("b", layer), layer])))).toEqual(["b.weight 5x5", "a.1.weight 5x5"]);
    expect(
      pathsOf(
        sequential([
          shared("v", dense({ units: 3 })),
          shared("v", dense({ units: 5 }), { parameters: ["weight"], transposed: true }),
        ]),
      ),
    ).toEqual(["v.weight 3x5", "v.bias 3", "1.bias 5"]);
  });

  test("of layers with different shapes are refused with both shapes", () => {
    const model = sequential([shared("w", dense({ units: 4 })), shared("w", dense({ units: 4 }))]);
    expect(() => pathsOf(model)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: model.layers[1].layer (dense): "w.weight" stands for two parameters of different shapes: expected [4, 5], as the layer that named it first has it, received [4, 4]. Give one of the layers another name, or both the same sizes]`,
    );
  });
});

test("an ensemble shares weights within each of its networks", async () => {
  const pair = sequential([shared("w", dense({ units: 6 })), tanh(), shared("w", dense({ units: 6 }))]);
  const alone = await finish({ spec: spec(pair, { seed: 9, steps: 12 }), data, runtime, threads: 1 });
  const trial = openTrial({
    spec: spec(pair, { seed: 8, steps: 12, ensemble: 3 }),
    data,
    runtime,
    threads: 1,
    now: () => 0,
  });
  for await (const _ of trial.run());
  const losses = trial.history.lossesOf(1);
  for (const [step, loss] of alone.losses.entries()) expect(losses[step] / loss).toBeCloseTo(1, 5);
  expect([...(await trial.tensors(1)).keys()]).toEqual([...alone.tensors.keys()]);
  await trial.dispose();
});
