// The model of a command line, with the initializers of its flags.
import { expect, test } from "vitest";
import { readModel } from "./model.js";
import type { TrainCommandOptions } from "./options.js";

const optionsOf = (changes: Partial<TrainCommandOptions>) =>
  ({ model: "mlp:784-20-10", freeze: [], ...changes }) as unknown as TrainCommandOptions;

async function beginnings(changes: Partial<TrainCommandOptions>) {
  const { network } = await readModel(optionsOf(changes));
  const form = { mode: "training", batchSize: 2, inputShapes: [[1, 28, 28]] } as const;
  return network.build(form).parameters.map(({ path, initializer }) => [path, initializer]);
}

test("weights and biases start as the flags say, or as the model says without flags", async () => {
  expect(await beginnings({ initializer: "normal:deviation=0.1", biasInitializer: "zeros" })).toEqual([
    ["1.weight", { kind: "normal", mean: 0, deviation: 0.1 }],
    ["1.bias", { kind: "zeros" }],
    ["3.weight", { kind: "normal", mean: 0, deviation: 0.1 }],
    ["3.bias", { kind: "zeros" }],
  ]);
  const paths = ["1.weight", "1.bias", "3.weight", "3.bias"];
  expect(await beginnings({ initializer: "randomized-asymmetric" })).toEqual(
    paths.map((path) => [path, { kind: "randomizedAsymmetric" }]),
  );
  expect(await beginnings({})).toEqual(paths.map((path) => [path, "torchDefault"]));
});

test("an initializer that does not fit is refused with its flag", async () => {
  const messageOf = async (changes: Partial<TrainCommandOptions>) =>
    readModel(optionsOf(changes)).then(
      () => "read",
      (error: unknown) => (error as Error).message,
    );
  const messages = [
    await messageOf({ initializer: "he-norml" }),
    await messageOf({ biasInitializer: "constant:value=x" }),
    await messageOf({ model: "net.onnx", biasInitializer: "zeros" }),
  ];
  expect(messages).toMatchInlineSnapshot(`
    [
      "--initializer: unknown initializer "he-norml". Did you mean "heNormal"? 16 are known",
      "--bias-initializer (constant).value: expected a number, received "x"",
      "--bias-initializer: a model from an .onnx file begins with the weights in the file: received net.onnx. Leave it out, or give the model as a catalogue name or a JSON spec",
    ]
  `);
});
