// Models exported from PyTorch and Keras have the same sixty losses here and in PyTorch, and end as the same model.

import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, expect, test } from "vitest";
import type { TensorData } from "../../src/core/numbers/tensor-data.js";
import { parameterCount } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { ModelProtoSchema } from "../../src/onnx/file/generated/onnx_pb.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { openTrial } from "../../src/train/trial/trial.js";
import { floats, trialSpec } from "../support/small-trials.js";
import { fixtures, imported, importedData } from "./imported-models.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

// The first file of a network trains with both optimizers, every other file with one.
const trainings = fixtures.networks.flatMap((network) =>
  network.files.flatMap((file, i) =>
    (i === 0 ? ["sgd", "adam"] : [["adam", "sgd"][i % 2]]).map((optimizer) => ({ ...network, file, optimizer })),
  ),
);

/** Largest difference relative to the largest element. */
function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const wanted = Array.from(expected);
  expect(found.length).toBe(wanted.length);
  const size = Math.max(...wanted.map(Math.abs), 1e-3);
  return Math.max(...wanted.map((x, i) => Math.abs(found[i] - x) / size));
}

test.each(trainings)("$file with $optimizer has the losses of PyTorch and ends as its model", async (row) => {
  const { name, data: kind, file, optimizer, parameters } = row;
  const data = importedData(name, kind);
  const network = imported(file);
  const built = network.build({ mode: "training", batchSize: fixtures.batchSize, inputShapes: [data.inputShape] });
  expect(parameterCount(built)).toBe(parameters);
  const { losses, outputs } = row.training[optimizer];
  const trial = openTrial({
    spec: trialSpec(data, {
      model: { kind: "onnx", fingerprint: file },
      optimizer: fixtures.optimizers[optimizer],
      loss: { kind: name === "autoencoder" ? "meanSquaredError" : "crossEntropy" },
      data: dataUse(data, { scaling: "raw" }),
      batchSize: fixtures.batchSize,
      steps: losses.length,
      order: "wrapping",
    }),
    network,
    data,
    runtime,
    threads: 1,
    evaluate: false,
    now: () => performance.now(),
  });
  for await (const event of trial.run())
    expect(["ready", "steps", "trained", "checkpoint", "done"]).toContain(event.kind);
  const own = trial.history.lossesOf();
  const worst = Math.max(...losses.map((value, step) => Math.abs(own[step] - value) / value));
  expect(worst, "losses").toBeLessThan(1e-4);

  // Normalization cancels a bias before it, so its gradient is rounding error, which Adam scales up like any gradient.
  if (optimizer === "sgd" || built.buffers.length === 0) {
    const { model } = network.save(await trial.tensors());
    const own = ownBatch(model);
    const found = await runModel(
      model,
      own === undefined ? firstRows(data.train.inputs, 2) : firstRows(data.train.inputs, own),
    );
    const expected = floats(outputs);
    const shared = Math.min(found.length, expected.length);
    expect(distance(found.subarray(0, shared), expected.subarray(0, shared)), "outputs").toBeLessThan(1e-3);
  }
  await trial.dispose();
});

/** The outputs of a saved model on stock ONNX Runtime. */
async function runModel(model: Uint8Array, inputs: TensorData): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const type = inputs.dtype as "float32";
  const results = await session.run({
    [session.inputNames[0]]: new Tensor(type, inputs.data as Float32Array, [...inputs.shape]),
  });
  await session.release();
  return results[session.outputNames[0]].data as Float32Array;
}

/** The fixed batch size of a file. */
function ownBatch(model: Uint8Array): number | undefined {
  const type = fromBinary(ModelProtoSchema, model).graph?.input[0].type?.value;
  const dim = type?.case === "tensorType" ? type.value.shape?.dim[0].value : undefined;
  return dim?.case === "dimValue" ? Number(dim.value) : undefined;
}

function firstRows({ dtype, shape, data }: TensorData, count: number): TensorData {
  const size = data.length / shape[0];
  return { dtype, shape: [count, ...shape.slice(1)], data: data.slice(0, count * size) };
}
