// Catalogue models give torchvision's outputs from the same weights, at full width on ONNX Runtime.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { type Shape, sizeOf } from "../../src/core/numbers/shape.js";
import { modelByName } from "../../src/nn/models.js";
import { buildNetwork } from "../../src/nn/network.js";
import { writeOnnx } from "../../src/onnx/write.js";

interface Fixture {
  readonly model: string;
  readonly extent: number;
  /** Whether the model has batch normalization; if so, its weights are smaller. */
  readonly normalized: boolean;
  readonly outputs: readonly (readonly number[])[];
}

const { models } = JSON.parse(
  readFileSync(new URL("../../tools/oracle/fixtures/torchvision-outputs.json", import.meta.url), "utf8"),
) as { models: readonly Fixture[] };

/** `middle + half * u` with u in [-1, 1) from a hash of the element's position, as in tools/oracle/torchvision_outputs.py. */
function hashed(shape: Shape, seed: number, middle = 0, half = 1): ort.Tensor {
  const first = Math.imul(seed, 0x9e3779b1);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    let x = i + first;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 16), 0x735a2d97);
    data[i] = middle + half * (((x ^ (x >>> 15)) >>> 0) / 2 ** 31 - 1);
  }
  return new ort.Tensor("float32", data, [...shape]);
}

/** Middle and half width of the values of a vector, by the end of its name. */
const vectors: Readonly<Record<string, readonly [number, number]>> = {
  running_mean: [0, 0.05],
  running_var: [0.04, 0.02],
  weight: [1, 0.25],
  bias: [0, 0.1],
};

function valuesOf(path: string, shape: Shape, seed: number, normalized: boolean): ort.Tensor {
  if (shape.length === 1) return hashed(shape, seed, ...vectors[path.slice(path.lastIndexOf(".") + 1)]);
  return hashed(shape, seed, 0, Math.sqrt(6 / sizeOf(shape.slice(1))) * (normalized ? 0.2 : 1));
}

test.each(models)("$model", async ({ model, extent, normalized, outputs }) => {
  const image = [3, extent, extent];
  const network = buildNetwork(modelByName(model), { mode: "inference", batchSize: outputs.length, inputShape: image });
  const state = [...network.parameters, ...network.buffers];
  const graph = {
    inputs: [...network.inputs, ...state.map(({ tensor }) => tensor)],
    outputs: [{ name: "y", tensor: network.output }],
  };
  const session = await ort.InferenceSession.create(writeOnnx(graph), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const { y } = await session.run({
    input: hashed([outputs.length, ...image], 0),
    ...Object.fromEntries(state.map(({ path, tensor }, i) => [path, valuesOf(path, tensor.shape, i + 1, normalized)])),
  });
  await session.release();
  expect(y.dims).toEqual([outputs.length, outputs[0].length]);
  const expected = outputs.flat();
  const received = y.data as Float32Array;
  const size = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((value, i) => Math.abs(value - received[i]))) / size;
  // float32 rounding stays below 1e-5 here; an epsilon that is 1 % off gives 2e-3.
  expect(error).toBeLessThan(1e-4);
});
