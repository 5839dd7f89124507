// Instruments on ONNX Runtime: the same numbers as the reference.
import { afterAll, expect, it } from "vitest";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { effectiveField } from "../../inspect/field/effective-field.js";
import { referenceSession } from "../../inspect/field/graph-session.js";
import { layerSubject } from "../../inspect/subject/layer-subject.js";
import { onnxSubject } from "../../inspect/subject/onnx-subject.js";
import {
  batchNorm,
  conv2d,
  globalAveragePool,
  maxPool2d,
  parallel,
  relu,
  residual,
  sequential,
} from "../../nn/index.js";
import { initialTensors } from "../../nn/initial-tensors.js";
import { buildNetwork, layerNetwork } from "../../nn/network.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { inferenceModel } from "../export.js";
import { runtimeSession } from "./graph-session.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const spec = sequential([
  conv2d({ filters: 4, kernel: 3, stride: 2, padding: 1 }),
  batchNorm(),
  relu(),
  maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
  residual({ branch: sequential([conv2d({ filters: 4, kernel: 3, padding: 1 }), relu()]) }),
  parallel([1, 3].map((kernel) => conv2d({ filters: 2, kernel, padding: (kernel - 1) / 2 }))),
  globalAveragePool(),
]);

it("the effective receptive field of a branching network is that of the reference, over several runs", async () => {
  const subject = layerSubject(spec, { inputShape: [3, 33, 31], batchSize: 2 });
  const options = { examples: 5, seed: 1 };
  const fast = await effectiveField(subject, options, runtimeSession(runtime));
  const slow = await effectiveField(subject, options, referenceSession);
  expect(fast).toMatchObject({ layer: "5", shape: [33, 31], examples: 6, theory: slow.theory });
  // Shares of 1 over a thousand pixels, in float32.
  for (const [i, value] of fast.map.entries()) expect(Math.abs(value - slow.map[i])).toBeLessThan(1e-8);
  expect(fast.deviation[0]).toBeCloseTo(slow.deviation[0], 4);
});

it("the effective receptive field of a file is that of the layers it was written from", async () => {
  const inputShape = [3, 33, 31];
  const network = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape });
  const initialOf = initialTensors(network);
  const tensors = new Map(
    [...network.parameters, ...network.buffers].map(({ path, tensor }) => [path, initialOf(tensor, 7) as TensorData]),
  );
  const bytes = inferenceModel({ network: layerNetwork(spec), inputShapes: [inputShape], tensors });
  const source = { size: bytes.length, readAt: (at: number, length: number) => bytes.subarray(at, at + length) };
  const ofFile = await effectiveField(
    onnxSubject(source, "net.onnx"),
    { examples: 2, seed: 7 },
    runtimeSession(runtime),
  );
  const subject = layerSubject(spec, { inputShape });
  const ofLayers = await effectiveField(subject, { examples: 2, seed: 7 }, runtimeSession(runtime));
  expect(ofFile.theory).toEqual(ofLayers.theory);
  for (const [i, value] of ofFile.map.entries()) expect(Math.abs(value - ofLayers.map[i])).toBeLessThan(1e-8);
});
