// The model catalogue: parameter totals from the literature, and names as people type them.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256OfPieces } from "../core/formats/hash.js";
import { graphCost } from "../graph/accounting/cost.js";
import { graph } from "../graph/graph.js";
import { nodesOf } from "../graph/order.js";
import type { LayerSpec } from "./layer.js";
import { lenet5, lenet5AsCoded } from "./models/lenet5.js";
import { mlp } from "./models/mlp.js";
import { catalogueModel, modelByName, models } from "./models.js";
import { buildNetwork, parameterCount } from "./network.js";

const parametersOf = (spec: LayerSpec, inputShape: readonly number[] = [1, 28, 28]): number =>
  parameterCount(buildNetwork(spec, { mode: "training", batchSize: 2, inputShape }));

test.each([
  [lenet5, {}, 61_706],
  [lenet5, { dropout: true }, 61_706],
  [lenet5, { batchNorm: "hidden" }, 61_706 + 452],
  [lenet5, { batchNorm: "everywhere" }, 61_706 + 452 + 2],
  [lenet5AsCoded, {}, 61_706],
  // Its third convolution has 120 channels, which are normalized too.
  [lenet5AsCoded, { batchNorm: "hidden" }, 61_706 + 452],
  [lenet5AsCoded, { batchNorm: "everywhere", dropout: true }, 61_706 + 452 + 2],
] as const)("%o with %o has %d parameters", (definition, options, expected) => {
  const spec = modelByName(definition.kind, options);
  expect(parametersOf(spec)).toBe(expected);
  expect(
    buildNetwork(spec, { mode: "inference", batchSize: 3, inputShape: definition.inputShape }).output.shape,
  ).toEqual([3, 10]);
});

test("mlp:3072-1000-1000-10 has 4,084,010 parameters, with and without dropout", () => {
  const image = [3, 32, 32];
  expect(parametersOf(modelByName("mlp:3072-1000-1000-10"), image)).toBe(4_084_010);
  const dropped = modelByName("mlp:3072-1000-1000-10", { dropoutInput: 0.2, dropoutHidden: 0.5 });
  expect(parametersOf(dropped, image)).toBe(4_084_010);
  const network = buildNetwork(dropped, { mode: "training", batchSize: 2, inputShape: image });
  expect(network.randomKeys.map(({ path }) => path)).toEqual(["1", "4", "7"]);
});

test("every model has defaults, and its spec survives JSON", () => {
  for (const kind of Object.keys(models)) {
    const spec = modelByName(kind);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  }
  expect(modelByName("densenet121:depths=6-12-32-32")).toEqual(modelByName("densenet121", { depths: [6, 12, 32, 32] }));
  expect(() => modelByName("densenet121:depths=6-a-32")).toThrow(/depths: expected a list, received "6-a-32"/);
  expect(modelByName("mlp:784-100-10")).toEqual(modelByName("mlp", { widths: [784, 100, 10] }));
  expect(modelByName("lenet5")).toEqual(lenet5());
  expect(modelByName("mlp")).toEqual(mlp());
});

test("the first width of mlp must be the number of inputs", () => {
  expect(() => parametersOf(modelByName("mlp:100-10"))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (dense): dense expects other inputs: expected an input of shape [batch, 100], or with more axes between them, received [2, 784]]`,
  );
});

test("invalid names are refused with the valid forms", () => {
  expect(() => modelByName("lenet")).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model: unknown model "lenet". Did you mean "lenet5"? 22 are known]`,
  );
  expect(() => modelByName("lenet5:3")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "lenet5:3": an option cannot be read: expected name=value, with commas between several, received "3"]`,
  );
  expect(() => modelByName("mlp:")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:": invalid widths: expected at least two positive integers, separated by dashes, received "". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784": invalid widths: expected at least two positive integers, separated by dashes, received "784". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784-0-10")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784-0-10": invalid widths: expected at least two positive integers, separated by dashes, received "784-0-10". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784--10")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784--10": invalid widths: expected at least two positive integers, separated by dashes, received "784--10". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784-1e3-10")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784-1e3-10": invalid widths: expected at least two positive integers, separated by dashes, received "784-1e3-10". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("lenet5", { batchNorm: "all" })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model (lenet5).batchNorm: expected one of "none", "hidden", "everywhere", received "all"]`,
  );
  expect(() => modelByName("lenet5", { dropouts: true })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model (lenet5): unknown option "dropouts". Did you mean "dropout"? Valid: batchNorm, dropout, classes]`,
  );
  expect(() => modelByName("__proto__")).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model: unknown model "__proto__". 22 are known]`,
  );
});

test.each([
  // Keras counts 1,656,250 with the 3,424 moving statistics.
  ["miniGoogLeNet", {}, [3, 32, 32], 1_652_826],
  ["miniGoogLeNet", {}, [1, 28, 28], 1_651_098],
  ["alexnet", {}, [3, 227, 227], 62_378_344],
  ["vgg11", {}, [3, 224, 224], 132_863_336],
  ["vgg13", {}, [3, 224, 224], 133_047_848],
  ["vgg16", {}, [3, 224, 224], 138_357_544],
  ["vgg16", { batchNorm: true }, [3, 224, 224], 138_365_992],
  ["vgg19", {}, [3, 224, 224], 143_667_240],
  ["resnet18", {}, [3, 224, 224], 11_689_512],
  ["resnet34", {}, [3, 224, 224], 21_797_672],
  // ViT-B/16 has 86,567,656 with its class token and the token's position, 768 each.
  [
    "visionTransformer",
    { patch: 16, features: 768, depth: 12, heads: 12, hidden: 3072, classes: 1000 },
    [3, 224, 224],
    86_567_656 - 2 * 768,
  ],
] as const)("%s with %j for images of %j has %d parameters, as published", (name, options, image, expected) => {
  const network = buildNetwork(modelByName(name, options), { mode: "inference", batchSize: 2, inputShape: image });
  expect(parameterCount(network)).toBe(expected);
  expect(network.output.shape).toEqual([2, name === "miniGoogLeNet" ? 10 : 1000]);
});

test.each([
  ["alexnet", { stem: "small", classes: 10 }],
  ["vgg16", { classes: 10, hidden: 512 }],
  ["resnet18", { stem: "cifar", classes: 10 }],
  ["visionTransformer", {}],
] as const)("%s with %j is for small images", (name, options) => {
  const built = buildNetwork(modelByName(name, options), { mode: "training", batchSize: 3, inputShape: [3, 32, 32] });
  expect(built.output.shape).toEqual([3, 10]);
});

test("parameters have torchvision's names", () => {
  const pathsOf = (spec: LayerSpec, inputShape: readonly number[]): string[] => {
    const { parameters, buffers } = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape });
    return [...parameters, ...buffers].map(({ path }) => path);
  };
  const resnet = pathsOf(modelByName("resnet18", { width: 0.1 }), [3, 64, 64]);
  expect(resnet).toEqual(
    expect.arrayContaining([
      "conv1.weight",
      "bn1.running_mean",
      "layer1.0.conv1.weight",
      "layer2.0.downsample.0.weight",
      "layer2.0.downsample.1.running_var",
      "layer4.1.bn2.bias",
      "fc.bias",
    ]),
  );
  expect(resnet.filter((path) => path.includes("downsample"))).toHaveLength(3 * 5);
  const vgg = pathsOf(modelByName("vgg11", { width: 0.1, hidden: 8 }), [3, 32, 32]);
  expect(vgg).toEqual(
    expect.arrayContaining(["features.0.weight", "features.18.bias", "classifier.0.weight", "classifier.6.bias"]),
  );
});

test.each(["mini-googlenet", "MiniGoogLeNet", "minigooglenet", "resnet-18", "ResNet18"])("%s is accepted", (name) => {
  expect(modelByName(name)).toEqual(
    modelByName(name.startsWith("m") || name.startsWith("M") ? "miniGoogLeNet" : "resnet18"),
  );
});

interface Published {
  readonly parameters: number;
  /** SHA-256 of lines `name 64x3x7x7`, parameters first, then running statistics. */
  readonly names: string;
  /** Billions of multiply-accumulate pairs, to three decimals. */
  readonly gmacs?: number;
}

const published = Object.entries(
  JSON.parse(
    readFileSync(new URL("../../tools/oracle/fixtures/torchvision-models.json", import.meta.url), "utf8"),
  ) as Record<string, Published>,
);

test.each(published)("%s has torchvision's parameters in its order, and its published MACs", (name, expected) => {
  const { spec, inputShape = [] } = catalogueModel(name);
  const { parameters, buffers, inputs, output } = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape });
  const line = ({ path, tensor }: (typeof parameters)[number] | (typeof buffers)[number]): string =>
    `${path} ${tensor.shape.join("x")}`;
  const lines = [...parameters.map(line), ...buffers.map(line)].join("\n");
  expect(sha256OfPieces([new TextEncoder().encode(lines)])).toBe(expected.names);
  expect(parametersOf(spec, inputShape)).toBe(expected.parameters);
  const { macs } = graphCost(graph(inputs, { output }));
  if (expected.gmacs !== undefined) expect(macs / 1e9).toBeCloseTo(expected.gmacs, 3);
});

test.each([
  ["alexnet", 62_378_344, 1_135_256_096],
  // The published network, on two GPUs.
  ["alexnet:form=grouped", 60_965_224, 724_406_816],
  ["googlenet:form=paper", 6_998_552, undefined],
  // As in the paper's table 1: 3.8, 7.6 and 11.3 billions, truncated.
  ["resnet50:stride=first", 25_557_032, 3_857_973_248],
  ["resnet101:stride=first", 44_549_160, 7_570_194_432],
  ["resnet152:stride=first", 60_192_808, 11_282_415_616],
  ["inceptionNaive", 1_089_536, 1_115_684_864],
  ["inceptionReduced", 388_096, 397_410_304],
] as const)("%s has %d parameters", (name, parameters, products) => {
  const { spec, inputShape = [] } = catalogueModel(name);
  expect(parametersOf(spec, inputShape)).toBe(parameters);
  const { inputs, output } = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape });
  if (products !== undefined) expect(graphCost(graph(inputs, { output })).macs).toBe(products);
});

const pathsOf = (name: string, options: Record<string, unknown> = {}): string[] => {
  const { spec, inputShape = [] } = catalogueModel(name, options);
  const { parameters, buffers } = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape });
  return [...parameters, ...buffers].map(({ path, tensor }) => `${path} ${tensor.shape}`);
};

test.each([
  ["alexnet", { form: "grouped" }],
  ["alexnet", { form: "torchvision" }],
  ["googlenet", { form: "paper" }],
] as const)("%s with %j has the same parameters with local response normalization", (name, options) => {
  expect(pathsOf(name, { ...options, localResponseNorm: true })).toEqual(pathsOf(name, options));
  const operators = (given: Record<string, unknown>): readonly string[] => {
    const { spec, inputShape = [] } = catalogueModel(name, given);
    const { inputs, output } = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape });
    return nodesOf(graph(inputs, { output })).map(({ op }) => op.name);
  };
  expect(operators(options)).not.toContain("LRN");
  expect(operators({ ...options, localResponseNorm: true }).filter((op) => op === "LRN")).toHaveLength(2);
});

test.each([
  ["alexnet", "small"],
  ["resnet18", "cifar"],
  ["resnet50", "cifar"],
])("%s with the stem %s is for 32 x 32 images", (name, stem) => {
  expect(catalogueModel(name, { stem }).inputShape).toEqual([3, 32, 32]);
});

test("options follow the name, in camelCase or kebab-case", () => {
  const spec = modelByName("vgg11", { batchNorm: true, classes: 10 });
  expect(modelByName("vgg11:batch-norm=true,classes=10")).toEqual(spec);
  expect(modelByName("vgg11:batchNorm=true,classes=10")).toEqual(spec);
  expect(() => modelByName("vgg11:batchNorms=true")).toThrow(/batchNorms.*batchNorm/);
  expect(() => modelByName("vgg11:classes=0x10")).toThrow(/classes/);
  expect(() => modelByName("alexnet:form=dual")).toThrow(/single.*grouped.*torchvision/);
});
