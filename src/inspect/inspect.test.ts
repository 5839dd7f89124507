// Totals against published numbers, shared weights, groups, and memory computed by hand.
import { expect, test } from "vitest";
import {
  conv2d,
  dense,
  flatten,
  gelu,
  hardSwish,
  leakyRelu,
  maxPool2d,
  prelu,
  relu,
  relu6,
  residual,
  sequential,
  softmax,
} from "../nn/index.js";
import type { LayerSpec } from "../nn/layer.js";
import { modelByName } from "../nn/models.js";
import { inspect } from "./inspect.js";

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

test("VGG-19 at 224 has the published weights, biases, MACs and both counts of activations", () => {
  const { totals } = inspect(modelByName("vgg19"), { inputShape: [3, 224, 224] });
  expect(totals).toMatchObject({
    parameters: 143_667_240,
    weights: 143_652_544,
    biases: 14_696,
    macs: 19_632_062_464,
    activationsInPlace: 16_542_184,
    productActivations: 14_861_288,
  });
});

test("layers add up to the totals, in steps and in groups of any depth", () => {
  const spec = modelByName("resnet18");
  const all = inspect(spec, { inputShape: [3, 64, 64] });
  for (const depth of [undefined, 0, 1, 2, 9]) {
    const { layers, totals } = inspect(spec, { inputShape: [3, 64, 64], ...(depth === undefined ? {} : { depth }) });
    expect(totals).toEqual(all.totals);
    expect(sum(layers.map(({ parameters }) => parameters))).toBe(totals.parameters);
    expect(sum(layers.map(({ statistics }) => statistics))).toBe(totals.statistics);
    expect(sum(layers.map(({ macs }) => macs))).toBe(totals.macs);
    expect(sum(layers.map(({ flops }) => flops))).toBe(totals.flops);
    expect(sum(layers.map(({ steps }) => steps))).toBe(all.layers.length);
    expect(sum(layers.map(({ share }) => share.macs))).toBeCloseTo(1, 12);
  }
});

test("layers have the paths of their modules, plus the operator if a module has several steps", () => {
  const { layers } = inspect(modelByName("resnet18"), { inputShape: [3, 64, 64] });
  expect(layers.slice(4, 12).map(({ name, operator }) => `${name} ${operator}`)).toEqual([
    "layer1.0.conv1 Conv",
    "layer1.0.bn1 BatchNormalization",
    "layer1.0.relu Relu",
    "layer1.0.conv2 Conv",
    "layer1.0.bn2 BatchNormalization",
    "layer1.0 Add",
    "layer1.0.relu2 Relu",
    "layer1.1.conv1 Conv",
  ]);
  expect(new Set(layers.map(({ name }) => name)).size).toBe(layers.length);
});

test("the batch size multiplies operations and activations, not parameters", () => {
  const one = inspect(modelByName("lenet5"), { inputShape: [1, 28, 28] }).totals;
  const eight = inspect(modelByName("lenet5"), { inputShape: [1, 28, 28], batchSize: 8 }).totals;
  expect(eight).toMatchObject({ parameters: one.parameters, macs: 8 * one.macs, flops: 8 * one.flops });
  expect(eight.activations).toBe(8 * one.activations);
  expect(eight.arithmeticIntensity).toBeGreaterThan(one.arithmeticIntensity);
});

test("frozen parameters are counted separately", () => {
  const { totals, memory } = inspect(modelByName("lenet5"), { inputShape: [1, 28, 28], freeze: ["0.*", "3.*"] });
  expect(totals).toMatchObject({ parameters: 61_706, frozen: 156 + 2_416, trainable: 61_706 - 156 - 2_416 });
  expect(memory.training.gradients).toBe(4 * totals.trainable);
  expect(memory.training.optimizerSlots).toBe(2 * 4 * totals.trainable);
});

test("the memory of a small network equals the count by hand", () => {
  // 1 x 4 x 4 -> Conv 2 x 4 x 4 -> Relu in place -> MaxPool 2 x 2 x 2 -> view of 8 -> Gemm 3.
  const net = sequential([
    conv2d({ filters: 2, kernel: 3, padding: 1 }),
    relu(),
    maxPool2d({ kernel: 2 }),
    flatten(),
    dense({ units: 3 }),
  ]);
  const { memory, totals } = inspect(net, { inputShape: [1, 4, 4], optimizer: "sgd" });
  expect(totals).toMatchObject({
    parameters: 20 + 27,
    activations: 32 + 32 + 8 + 3,
    activationsInPlace: 16 + 32 + 8 + 3,
  });
  expect(memory.inference).toEqual({
    weights: 4 * 47,
    peakActivations: 4 * (16 + 32),
    peakLayer: "0",
    total: 4 * (47 + 48),
  });
  // The backward pass reads the input, the output of the ReLU and that of the pooling.
  expect(memory.training).toMatchObject({ optimizer: "sgd", optimizerSlots: 0, gradients: 4 * 47 });
  expect(memory.training.savedActivations).toBe(4 * (16 + 32 + 8));
});

test("a value that is added later stays alive around its branch", () => {
  const branch = sequential([
    conv2d({ filters: 4, kernel: 3, padding: 1 }),
    conv2d({ filters: 4, kernel: 3, padding: 1 }),
  ]);
  const { memory } = inspect(sequential([conv2d({ filters: 4, kernel: 1 }), residual({ branch })]), {
    inputShape: [4, 8, 8],
  });
  expect(memory.inference.peakActivations).toBe(3 * 4 * 4 * 8 * 8);
});

test("every element-wise activation works in place, including those with bounds and slopes", () => {
  const counted = (activation: LayerSpec) => {
    const net = sequential([
      conv2d({ filters: 6, kernel: 3, padding: 1 }),
      activation,
      conv2d({ filters: 2, kernel: 1 }),
    ]);
    const { totals, memory } = inspect(net, { inputShape: [3, 8, 8] });
    return [totals.activationsInPlace, memory.inference.peakActivations];
  };
  for (const activation of [relu(), relu6(), leakyRelu(), prelu(), gelu(), hardSwish()])
    expect(counted(activation), activation.kind).toEqual([(3 + 6 + 2) * 64, 4 * (3 + 6) * 64]);
  // The sums of the softmax need the values that it would overwrite.
  expect(counted(softmax())).toEqual([(3 + 6 + 6 + 2) * 64, 4 * (6 + 6) * 64]);
});

test("MobileNetV2 in place holds its input and the outputs of convolutions, sums and products", () => {
  const { layers, totals } = inspect(modelByName("mobilenetV2"), { inputShape: [3, 224, 224] });
  const inPlace = layers.filter(({ operator }) => operator === "Clip" || operator === "BatchNormalization");
  const reused = sum(inPlace.map(({ activations }) => activations));
  expect(reused).toBeGreaterThan(10_000_000);
  expect(totals.activationsInPlace).toBe(totals.activations + 3 * 224 * 224 - reused);
});

test("numbers beyond exact counting are refused with layer and shape, before anything is allocated", () => {
  const refusalOf = (model: string, options: Parameters<typeof inspect>[1]): string => {
    try {
      inspect(modelByName(model), options);
    } catch (cause) {
      return `${(cause as Error).name}: ${(cause as Error).message}`;
    }
    return "nothing is wrong";
  };
  expect(refusalOf("resnet18", { inputShape: [3, 1e9, 1e9] })).toMatchInlineSnapshot(
    `"ShapeError: input: the tensor has too many elements to count: expected at most 9007199254740991, received [1, 3, 1000000000, 1000000000]. Use smaller inputs or a smaller batch"`,
  );
  expect(refusalOf("resnet18", { inputShape: [3, 4e7, 4e7] })).toMatchInlineSnapshot(
    `"ShapeError: model.layers[0] (conv2d) > Conv: the tensor has too many elements to count: expected at most 9007199254740991, received [1, 64, 20000000, 20000000]. Use smaller inputs or a smaller batch"`,
  );
  expect(refusalOf("resnet18", { inputShape: [3, 1e6, 1e6] })).toMatchInlineSnapshot(
    `"InvalidInputError: sequential > conv1 (Conv): macs beyond what can be counted exactly: expected at most 9007199254740991 in all layers, received about 3.6e+16, most of it for an output of [1, 64, 500000, 500000]. Use smaller inputs or a smaller batch"`,
  );
  expect(refusalOf("lenet5", { inputShape: [1, 28, 28], batchSize: 999_999_999_999 })).toMatchInlineSnapshot(
    `"InvalidInputError: sequential > 3 (Conv): macs beyond what can be counted exactly: expected at most 9007199254740991 in all layers, received about 4.2e+17, most of it for an output of [999999999999, 16, 10, 10]. Use smaller inputs or a smaller batch"`,
  );
  // Just below the limit, everything is exact.
  const { totals } = inspect(modelByName("lenet5"), { inputShape: [1, 28, 28], batchSize: 10_000_000_000 });
  expect(totals.macs).toBe(416_520 * 10_000_000_000);
});

test("an unknown optimizer is refused with the known names", () => {
  expect(() => inspect(modelByName("lenet5"), { inputShape: [1, 28, 28], optimizer: "adan" })).toThrow(/adan.*adam/s);
});
