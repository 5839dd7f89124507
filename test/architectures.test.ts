// The architectures of the catalogue train: small, on small images, the loss falls and every parameter moves.
import { afterAll, expect, test } from "vitest";
import { modelByName } from "../src/nn/models.js";
import { nodeRuntime } from "../src/node/runtime/node-runtime.js";
import type { KindSpec } from "../src/train/trial-spec.js";
import { finish, patches, trialSpec } from "./small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(32, { extent: 32 });

test.each([
  ["miniGoogLeNet", { width: 0.1 }, 0.05],
  ["alexnet", { stem: "small", width: 0.05, dropout: 0 }, 0.02],
  ["vgg11", { width: 0.1, hidden: 32, batchNorm: true, dropout: 0 }, 0.02],
  ["resnet18", { stem: "cifar", width: 0.1 }, 0.05],
  ["resnet50", { stem: "cifar", width: 0.06 }, 0.05],
  ["googlenet", { width: 0.1, dropout: 0 }, 0.05],
  ["mobilenetV2", { width: 0.2, dropout: 0 }, 0.1],
  ["squeezenet1_1", { width: 0.2, dropout: 0 }, 0.05],
  ["densenet121", { depths: [2, 2, 2, 2], width: 0.2 }, 0.05],
] as const)("%s with %j", async (name, options, learningRate) => {
  const spec = trialSpec(data, {
    model: modelByName(name, { classes: 4, ...options }) as unknown as KindSpec,
    optimizer: { kind: "adam", learningRate: learningRate / 10 },
    batchSize: 16,
    epochs: 8,
  });
  const { losses, events, tensors } = await finish({ spec, data, runtime, threads: 1 });
  expect(events.at(-1)?.kind).toBe("done");
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(losses.slice(-4))).toBeLessThan(0.8 * mean(losses.slice(0, 4)));
  const before = await finish({
    spec: { ...spec, optimizer: { kind: "sgd", learningRate: 0 }, epochs: 1 },
    data,
    runtime,
    threads: 1,
  });
  for (const [path, { data: values }] of tensors) expect(values, path).not.toEqual(before.tensors.get(path)!.data);
});
