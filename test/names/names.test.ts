// The names of PyTorch and Keras collide with no other names and do not change what is stored.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { aliasParts, findKind, optionNames, optionsByName, plainName } from "../../src/core/names.js";
import { datasetDefinition } from "../../src/data/published/index.js";
import { syntheticDataset } from "../../src/data/synthetic.js";
import * as nn from "../../src/nn/index.js";
import { ownModelNames } from "../../src/nn/own-names.js";
import * as optim from "../../src/optim/index.js";
import { trialId } from "../../src/train/spec/trial-spec.js";
import { type TrainOptions, trialSpecOf } from "../../src/train/train.js";
import { families } from "./families.js";

const repeated = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);
const schemasOf = (options: z.ZodObject) => Object.entries(options.shape as Readonly<Record<string, z.ZodType>>);

describe.each(Object.entries(families))("names of %s", (_family, table) => {
  const entries = Object.entries(table);

  test("kinds, aliases and lookalikes are all different", () => {
    const names = entries.flatMap(([kind, { aliases = [], lookalikes = {} }]) => [
      kind,
      ...aliases.map((alias) => aliasParts(alias).name),
      ...Object.keys(lookalikes),
    ]);
    expect(repeated(names.map(plainName))).toEqual([]);
  });

  test.each(entries)("options of %s and their aliases are all different", (_kind, { options }) => {
    const single = (alias: string): string => alias.replace(/\[\d+\]$/, "");
    const aliases = schemasOf(options).flatMap(([, schema]) => optionNames(schema).aliases ?? []);
    const lists = new Set(aliases.filter((alias) => alias.endsWith("]")).map(single));
    const plain = aliases.filter((alias) => !alias.endsWith("]"));
    expect(repeated([...Object.keys(options.shape), ...plain, ...lists].map(plainName))).toEqual([]);
    for (const list of lists) {
      const numbers = optionsByName(options, list).map(({ entry }) => entry);
      expect(numbers.sort()).toEqual(numbers.map((_, i) => i));
    }
  });

  test("an alias brings along only valid options", () => {
    for (const [kind, { aliases = [], options }] of entries) {
      for (const { name, options: brought } of aliases.map(aliasParts)) {
        expect(findKind(name, table)).toEqual({ kind, options: brought });
        for (const [option, value] of Object.entries(brought))
          expect(options.shape[option].safeParse(value).data, `${name}.${option}`).toEqual(value);
      }
    }
  });

  test("other names of values belong to existing values", () => {
    for (const [, { options }] of entries) {
      for (const [, schema] of schemasOf(options))
        for (const value of Object.keys(optionNames(schema).values ?? {}))
          expect((schema as z.ZodType).safeParse(value).success).toBe(true);
    }
  });
});

/** A training in our names, and in those of PyTorch and Keras. */
describe("a training has the same id under any names", () => {
  const data = syntheticDataset("spirals:points=8");
  const id = (options: Partial<Record<keyof TrainOptions, unknown>>): string =>
    trialId(trialSpecOf({ data, optimizer: optim.sgd(), model: nn.flatten(), ...options } as unknown as TrainOptions));

  test.each([
    ["an optimizer", { optimizer: { kind: "adamW", learningRate: 0.1 } }, { optimizer: { kind: "AdamW", lr: 0.1 } }],
    [
      "a list of decays",
      { optimizer: { kind: "adam", b1: 0.8, b2: 0.9 } },
      { optimizer: { kind: "Adam", betas: [0.8, 0.9] } },
    ],
    [
      "Adagrad's accumulator",
      { optimizer: { kind: "adagrad", initialAccumulator: 0.1 } },
      { optimizer: { kind: "Adagrad", initial_accumulator_value: 0.1 } },
    ],
    ["a loss", { loss: { kind: "meanSquaredError" } }, { loss: { kind: "mse" } }],
    [
      "a loss with options",
      { loss: { kind: "crossEntropy", labelSmoothing: 0.1 } },
      { loss: { kind: "CrossEntropyLoss", label_smoothing: 0.1 } },
    ],
    [
      "a schedule",
      { schedule: { kind: "cosine", unit: "wholeEpoch", length: 5, low: 0.01 } },
      { schedule: { kind: "CosineAnnealingLR", T_max: 5, eta_min: 0.01 } },
    ],
    [
      "a schedule within another",
      { schedule: { kind: "warmUp", next: { kind: "oneCycle", cycleMomentum: true, anneal: "cosine" } } },
      { schedule: { kind: "warm_up", next: { kind: "OneCycleLR", anneal_strategy: "cos" } } },
    ],
    [
      "a model",
      {
        model: {
          kind: "sequential",
          layers: [
            { kind: "conv2d", filters: 4, kernel: 3 },
            { kind: "batchNorm", epsilon: 1e-3 },
            {
              kind: "residual",
              branch: { kind: "dense", units: 2, bias: false, weightInitializer: { kind: "heNormal" } },
            },
          ],
        },
      },
      {
        model: {
          kind: "Sequential",
          layers: [
            { kind: "Conv2d", out_channels: 4, kernel_size: 3 },
            { kind: "BatchNorm2d", eps: 1e-3 },
            {
              kind: "residual",
              branch: { kind: "Linear", out_features: 2, use_bias: false, kernel_initializer: "kaiming_normal_" },
            },
          ],
        },
      },
    ],
  ])("%s", (_what, ours, theirs) => {
    expect(id(theirs)).toBe(id(ours));
    expect(
      trialSpecOf({ data, optimizer: optim.sgd(), model: nn.flatten(), ...ours } as unknown as TrainOptions),
    ).toMatchObject(ours);
  });
});

test("an initializer by name stays a name, and one with options becomes its spec", () => {
  const weightsOf = (weightInitializer: unknown) =>
    ownModelNames({ kind: "dense", units: 2, weightInitializer }).weightInitializer;
  expect(weightsOf("xavier_uniform_")).toBe("glorotUniform");
  expect(weightsOf("kaiming-normal:mode=fan-out")).toEqual({ kind: "heNormal", fanMode: "fanOut" });
  expect(weightsOf({ kind: "RandomNormal", mean: 1 })).toEqual({ kind: "normal", deviation: 0.05, mean: 1 });
  expect(weightsOf("unheard-of")).toBe("unheard-of");
});

test("models and data sets are found by the names of torchvision and Keras", () => {
  expect(nn.modelByName("vgg11_bn:num_classes=10")).toEqual(nn.vgg11({ batchNorm: true, classes: 10 }));
  expect(nn.modelByName("MobileNetV2")).toEqual(nn.mobilenetV2());
  expect(nn.modelByName("densenet169")).toEqual(nn.densenet121({ depths: [6, 12, 32, 32] }));
  expect(datasetDefinition("FashionMNIST")).toBe(datasetDefinition("fashion-mnist"));
  expect(datasetDefinition("cifar10")).toBe(datasetDefinition("cifar-10"));
});

test("Keras's losses of probabilities are ours of probabilities", () => {
  const train = (kind: string) =>
    trialSpecOf({
      loss: { kind },
      optimizer: optim.sgd(),
      model: nn.flatten(),
      data: syntheticDataset("xor:points=4"),
    } as unknown as TrainOptions).loss;
  expect(train("sparse_categorical_crossentropy")).toEqual(nn.losses.categoricalCrossEntropy());
  expect(train("CategoricalCrossentropy")).toEqual(nn.losses.categoricalCrossEntropy());
  expect(nn.losses.categoricalCrossEntropy.differs?.Keras).toContain("write probabilities");
});

test("every name of PyTorch and Keras in the tables of docs/optimizers.md is accepted", () => {
  const text = readFileSync(new URL("../../docs/optimizers.md", import.meta.url), "utf8");
  let names = 0;
  for (const section of text.split(/^## /m).slice(1)) {
    const kind = section.split("\n")[0];
    const { options } = families.optimizers[kind] ?? families.optimizers.adam;
    for (const [, option, pytorch, keras] of section.matchAll(/^\| `(\w+)` \|[^|]*\| ([^|]*)\| ([^|]*)\|/gm)) {
      for (const [, name, entry] of `${pytorch} ${keras}`.matchAll(/`(\w+)(?:\[(\d)\])?`/g)) {
        // Keras takes a list of variables there, a form that this option does not have.
        if (name === "exclude_from_weight_decay") continue;
        const found = entry === undefined ? { option } : { option, entry: Number(entry) };
        expect(optionsByName(options, name), `${kind}: ${name}`).toContainEqual(found);
        names++;
      }
    }
  }
  expect(names).toBeGreaterThan(60);
});
