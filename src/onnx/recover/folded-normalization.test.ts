// What exporters leave of batch normalizations that they computed into other weights.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { onnxFile, openOnnx, parseModel } from "../file/onnx-file.js";
import { modelBytes, type NodeCase, numbers } from "../model-cases.js";
import { foldedNormalizations, foldingRemark, parametersBeforeFolding } from "./folded-normalization.js";
import { storedWeights } from "./parameters.js";
import { separateWeights } from "./separate-weights.js";

const foldedNodes = (nodes: readonly NodeCase[], ...stored: string[]): string[] =>
  foldedNormalizations(
    openOnnx(
      modelBytes({
        inputs: { x: ["batch", 2, 4, 4] },
        outputs: ["y"],
        stored: Object.fromEntries(stored.map((name) => [name, numbers([2, 2, 1, 1])])),
        nodes,
      }),
      "net.onnx",
    ),
  ).map(({ name }) => name);

const conv = (weight: string, bias: string, metadata: Record<string, string> = {}): NodeCase => [
  "Conv",
  ["x", weight, bias],
  ["y"],
  {},
  { name: "conv", metadata },
];
const traced = (target: string) => ({
  "pkg.torch.onnx.fx_node": `%z : [num_users=1] = call_function[target=torch.ops.aten.${target}](args = (%conv2d, %p_1_weight), kwargs = {})`,
});

test("PyTorch's dynamo exporter leaves the traced normalization, or the name of its rule", () => {
  expect(foldedNodes([conv("w", "b", traced("_native_batch_norm_legit_no_training.default"))], "w", "b")).toEqual([
    "conv",
  ]);
  expect(
    foldedNodes([conv("w", "b", { "pkg.onnxscript.rewriter.rule_name": "FuseBatchNormIntoConv" })], "w", "b"),
  ).toEqual(["conv"]);
  expect(foldedNodes([conv("w", "b", traced("conv2d.default"))], "w", "b")).toEqual([]);
});

test("PyTorch's older exporter makes up the names of kernel and bias; that of a kernel alone means other arithmetic", () => {
  expect(foldedNodes([conv("onnx::Conv_30", "onnx::Conv_31")], "onnx::Conv_30", "onnx::Conv_31")).toEqual(["conv"]);
  expect(foldedNodes([conv("onnx::Conv_10", "0.bias")], "onnx::Conv_10", "0.bias")).toEqual([]);
});

test("tf2onnx names what it fused", () => {
  const [weights, bias] = ["model/conv/Conv2D_weights_fused_bn", "model/conv/Conv2D_bias_fused_bn"];
  expect(foldedNodes([conv(weights, bias)], weights, bias)).toEqual(["conv"]);
});

test("a normalization that is still there is not folded", () => {
  const names = ["s", "b", "m", "v"];
  const node: NodeCase = ["BatchNormalization", ["x", ...names], ["y"], {}, { metadata: traced("batch_norm.default") }];
  expect(foldedNodes([node], ...names)).toEqual([]);
});

interface Export {
  readonly name: string;
  readonly exporter: string;
  /** Of the module, counted by PyTorch. */
  readonly parameters: number;
  readonly file: string;
}

const { exports } = JSON.parse(
  readFileSync(new URL("../../../tools/oracle/fixtures/folded-normalization.json", import.meta.url), "utf8"),
) as { exports: readonly Export[] };

/** Where the numbers of the older exporter do not tell everything: what is found, and how many biases. */
const notTold: Readonly<Record<string, { readonly parameters: number; readonly biases: number | undefined }>> = {
  "one bias of two, script": { parameters: 229, biases: undefined },
  "no scale and shift, script": { parameters: 76, biases: 0 },
  "shuffled channels, script": { parameters: 160, biases: undefined },
};

describe.each([false, true])("parameters before folding, weights taken apart: %s", (isSeparated) => {
  const read = (bytes: Uint8Array, name: string) => {
    const model = parseModel(bytes, name);
    if (isSeparated) separateWeights(model);
    const file = onnxFile(model, name, {});
    return { file, weights: storedWeights(file) };
  };

  test.each(exports)("$name by $exporter", ({ name, exporter, parameters, file: base64 }) => {
    const { file, weights } = read(Buffer.from(base64, "base64"), name);
    const before = parametersBeforeFolding(file, weights);
    if (before === undefined) {
      // The older exporter leaves what follows a matrix alone.
      expect([name, exporter.slice(0, 6)]).toEqual(["linear", "script"]);
      return;
    }
    const expected = notTold[`${name}, ${exporter.slice(0, 6)}`] ?? {
      parameters,
      biases: name.startsWith("biases") ? before.nodes.length : name === "one bias of two" ? 1 : 0,
    };
    expect(before).toMatchObject(expected);
  });
});

test("kernels before folded normalizations keep their names, although the traced call names the normalization", () => {
  const dynamo = exports.find(({ name, exporter }) => name === "no biases" && exporter === "dynamo") as Export;
  const model = parseModel(Buffer.from(dynamo.file, "base64"), "net.onnx");
  separateWeights(model);
  const names = storedWeights(onnxFile(model, "net.onnx", {})).map(({ name }) => name);
  expect(names.sort()).toEqual(["0.weight", "0.weight_bias", "3.weight", "3.weight_bias", "8.bias", "8.weight"]);
});

test("the remark says how sure the number is", () => {
  const nodes = foldedNormalizations(
    openOnnx(
      modelBytes({
        inputs: { x: ["batch", 2, 4, 4] },
        outputs: ["y"],
        stored: { w: numbers([2, 2, 1, 1]), b: numbers([2]) },
        nodes: [conv("w", "b", traced("batch_norm.default"))],
      }),
      "net.onnx",
    ),
  );
  expect(foldingRemark({ nodes, parameters: 8, biases: 0, more: new Map() })).toMatchInlineSnapshot(
    `"the exporter folded batch normalization into the weights of 1 node; before, the model had 8 parameters"`,
  );
  expect(
    foldingRemark({ nodes: [...nodes, ...nodes], parameters: 16, biases: undefined, more: new Map() }),
  ).toMatchInlineSnapshot(
    `"the exporter folded batch normalization into the weights of 2 nodes; before, the model had 16 parameters, assuming no biases before them"`,
  );
});
