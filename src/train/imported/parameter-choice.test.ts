// What is trained of a file where its arithmetic leaves it open: the remark before the training, and the user's say.
import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type ModelCase, modelBytes, numbers } from "../../onnx/model-cases.js";
import { type OnnxNetwork, type OnnxNetworkOptions, onnxNetwork } from "./onnx-network.js";

const one = (value: number) => tensorFrom("float32", [], [value]);

const model: ModelCase = {
  inputs: { x: ["batch", 3] },
  outputs: ["y"],
  stored: { "fc.w": numbers([3, 2]), eps: one(1e-10), alpha: one(0.5), "head.gain": one(2) },
  nodes: [
    ["MatMul", ["x", "fc.w"], ["h"]],
    ["Add", ["h", "eps"], ["e"]],
    ["Log", ["e"], ["l"]],
    ["Mul", ["l", "alpha"], ["m"]],
    ["Mul", ["m", "head.gain"], ["y"]],
  ],
};
const read = (options: OnnxNetworkOptions = {}): OnnxNetwork => onnxNetwork(modelBytes(model), "net.onnx", options);
const trained = (network: OnnxNetwork): string[] =>
  network.build({ mode: "training", batchSize: 2, inputShapes: [[3]] }).parameters.map(({ path }) => path);

test("a file that leaves it open is trained by a guess, which is told with its reasons", () => {
  const network = read();
  expect(trained(network)).toEqual(["fc.w", "head.gain"]);
  expect(network.remarks).toMatchInlineSnapshot(`
    [
      "net.onnx: the file does not mark its parameters, and some were guessed by what they do. Trained: "head.gain" (one number (2) at Mul, with the name of a parameter), "fc.w". Held: "eps" (one number (1e-10) that is added, an epsilon), "alpha" (one number (0.5) at Mul). To change it, name them: --parameters '+trained,-held'",
    ]
  `);
});

test("what the user says counts, the last entry first, and gives the training another name", () => {
  const chosen = (...parameters: string[]) => trained(read({ parameters }));
  expect(chosen("+alpha")).toEqual(["fc.w", "alpha", "head.gain"]);
  expect(chosen("-head.*")).toEqual(["fc.w"]);
  expect(chosen("+*", "-eps")).toEqual(["fc.w", "alpha", "head.gain"]);
  expect(read({ parameters: ["+alpha"] }).spec).not.toEqual(read().spec);
  expect(read({ parameters: [] }).spec).toEqual(read().spec);
  expect(read({ parameters: ["+alpha", "-eps", "-head.gain"] }).remarks).toEqual([]);
});

test("an entry without a sign or without a match is refused", () => {
  expect(() => read({ parameters: ["alpha"] })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: parameters "alpha": neither trained nor held: expected a name or pattern after + (train it) or - (hold it), received "alpha". Write "+alpha" or "-alpha"]`,
  );
  expect(() => read({ parameters: ["+alhpa"] })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: parameters "alhpa": nothing in the model matches: expected a path, with * for any text: fc.w, eps, alpha, head.gain. Did you mean "alpha"?]`,
  );
  expect(() => read({ parameters: ["-*"] })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: nothing in the model can be trained: expected at least one floating-point initializer that is a weight and is not frozen, received none. Name parameters with --parameters: +fc.w,+eps,+alpha,+head.gain]`,
  );
});
