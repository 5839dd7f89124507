// The model catalogue: parameter totals known from the literature, and names as people type them.
import { expect, test } from "vitest";
import type { LayerSpec } from "./layer.js";
import { lenet5, lenet5AsCoded, mlp, modelByName, models } from "./models.js";
import { buildNetwork, parameterCount } from "./network.js";

const parametersOf = (spec: LayerSpec, inputShape: readonly number[] = [1, 28, 28]): number =>
  parameterCount(buildNetwork(spec, { mode: "training", batchSize: 2, inputShape }));

test.each([
  [lenet5, {}, 61_706],
  [lenet5, { dropout: true }, 61_706],
  [lenet5, { batchNorm: "hidden" }, 61_706 + 452],
  [lenet5, { batchNorm: "everywhere" }, 61_706 + 452 + 2],
  [lenet5AsCoded, {}, 61_706],
  // Its third convolution has 120 channels of its own, which are normalized too.
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

test("every model has defaults, and its specs survive JSON", () => {
  for (const kind of Object.keys(models)) {
    const spec = modelByName(kind);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  }
  expect(modelByName("mlp:784-100-10")).toEqual(modelByName("mlp", { widths: [784, 100, 10] }));
  expect(modelByName("lenet5")).toEqual(lenet5.model(lenet5()));
  expect(modelByName("mlp")).toEqual(mlp.model(mlp()));
});

test("the first width of mlp has to be the number of inputs", () => {
  expect(() => parametersOf(modelByName("mlp:100-10"))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (dense): dense was made for other inputs: expected an input of shape [batch, 100], received [2, 784]]`,
  );
});

test("names that cannot be read are answered with what can be written", () => {
  expect(() => modelByName("lenet")).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model: unknown model "lenet". Did you mean "lenet5"? Valid: lenet5, lenet5AsCoded, mlp]`,
  );
  expect(() => modelByName("lenet5:3")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "lenet5:3": lenet5 takes no options after a colon. Write lenet5]`,
  );
  expect(() => modelByName("mlp:")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:": widths cannot be read: expected at least two positive integers with dashes between them, received "". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784": widths cannot be read: expected at least two positive integers with dashes between them, received "784". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784-0-10")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784-0-10": widths cannot be read: expected at least two positive integers with dashes between them, received "784-0-10". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784--10")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784--10": widths cannot be read: expected at least two positive integers with dashes between them, received "784--10". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("mlp:784-1e3-10")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model "mlp:784-1e3-10": widths cannot be read: expected at least two positive integers with dashes between them, received "784-1e3-10". Write mlp:784-100-10, say]`,
  );
  expect(() => modelByName("lenet5", { batchNorm: "all" })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model (lenet5).batchNorm: expected one of "none", "hidden", "everywhere", received "all"]`,
  );
  expect(() => modelByName("lenet5", { dropouts: true })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model (lenet5): unknown option "dropouts". Did you mean "dropout"? Valid: batchNorm, dropout, classes]`,
  );
  expect(() => modelByName("__proto__")).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model: unknown model "__proto__". Valid: lenet5, lenet5AsCoded, mlp]`,
  );
});
