// Damaged models from exporters become a program and a saved file, or a TrainscopeError.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ModelProtoSchema } from "../../src/onnx/file/generated/onnx_pb.js";
import { onnxNetwork } from "../../src/train/imported/onnx-network.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { fixtures, importedBytes, importedData } from "../files/imported-models.js";
import { trialSpec } from "../support/small-trials.js";
import { type Damage, damagedBytes, damages, damageTree } from "./mutations.js";
import { isReady, runtimeBytes } from "./no-runtime.js";
import { checkWork } from "./reading.js";
import { runs, seed, timeout } from "./series.js";

/** Small enough for a thousand cases in seconds. They come from PyTorch's two exporters and from Keras by tf2onnx. */
const largestFile = 9000;
const models = fixtures.networks
  .flatMap(({ name, data, files }) => files.map((file) => ({ name, data, bytes: importedBytes(file) })))
  .filter(({ bytes }) => bytes.length <= largestFile);
const choice = fc.nat({ max: 0xffff });

type Model = (typeof models)[number];

async function train({ name, data: arrays }: Model, bytes: Uint8Array): Promise<boolean> {
  const data = importedData(name, arrays);
  const network = onnxNetwork(bytes, "file");
  const rebuilds = data.classes === undefined;
  const spec = trialSpec(data, {
    batchSize: 4,
    model: network.spec,
    loss: { kind: rebuilds ? "meanSquaredError" : "crossEntropy" },
    data: dataUse(data, { scaling: "raw" }),
  });
  const isRunnable = await isReady({ spec, network, data });
  network.save(new Map());
  return isRunnable;
}

it("whole models become programs", async () => {
  for (const model of models) expect(await train(model, model.bytes), model.name).toBe(true);
});

it.each<[string, number, (bytes: Uint8Array, list: Damage[], other: Uint8Array) => Uint8Array | undefined]>([
  ["bytes", 600, damagedBytes],
  ["parts", 200, damagedParts],
])(
  "models with damaged %s",
  async (_, count, damaged) => {
    let ready = 0;
    const property = fc.asyncProperty(choice, choice, damages, async (which, second, list: Damage[]) => {
      const model = models[which % models.length];
      const bytes = damaged(model.bytes, list, models[second % models.length].bytes);
      if (bytes === undefined) return;
      await checkWork(async () => {
        if (await train(model, bytes)) ready++;
      }, 40 * runtimeBytes);
    });
    await fc.assert(property, { seed, numRuns: runs(count) });
    // Unused names and numbers may change.
    expect(ready).toBeGreaterThan(runs(count / 100));
  },
  timeout,
);

function damagedParts(bytes: Uint8Array, list: Damage[]): Uint8Array | undefined {
  const model = fromBinary(ModelProtoSchema, bytes);
  damageTree(model, list);
  try {
    return toBinary(ModelProtoSchema, create(ModelProtoSchema, model as object));
  } catch {
    // No file can hold this value.
    return undefined;
  }
}
