// Figures add up to the totals, and lower bounds are marked.
import { expect, test } from "vitest";
import type { Row } from "../core/rows.js";
import { modelByName } from "../nn/models.js";
import { inspect } from "./inspect.js";
import type { Inspection } from "./inspection.js";
import { layerCostFigure, layerMemoryFigure, modelComparisonFigure } from "./inspection-figures.js";

const resnet = inspect(modelByName("resnet18"), { model: "resnet18", inputShape: [3, 64, 64], batchSize: 2 });
const lenet = inspect(modelByName("lenet5"), { model: "lenet5", inputShape: [1, 28, 28] });

const sum = (rows: readonly Row[], test: (row: Row) => boolean): number =>
  rows.filter(test).reduce((total, { value }) => total + Number(value), 0);

test("bars of parameters and MACs add up to the totals, in steps and in modules", () => {
  for (const inspection of [resnet, inspect(modelByName("resnet18"), { inputShape: [3, 64, 64], depth: 1 })]) {
    const { rows } = layerCostFigure(inspection);
    expect(sum(rows, ({ metric }) => metric === "parameters")).toBe(inspection.totals.parameters);
    expect(sum(rows, ({ metric }) => metric === "macs")).toBe(inspection.totals.macs);
  }
});

test("bars of memory add up to weights, gradients, slots and outputs of layers", () => {
  const { rows, caption } = layerMemoryFigure(resnet);
  const { training } = resnet.memory;
  expect(sum(rows, ({ part }) => part === "weights")).toBe(training.weights);
  expect(sum(rows, ({ part }) => part === "updates")).toBe(training.gradients + training.optimizerSlots);
  expect(sum(rows, ({ part }) => part === "activations")).toBe(resnet.totals.activationBytes);
  expect(caption).toContain("For a batch of 2;");
});

test("frozen parameters take memory only for their weights", () => {
  const frozen = inspect(modelByName("lenet5"), { inputShape: [1, 28, 28], freeze: ["*"] });
  expect(sum(layerMemoryFigure(frozen).rows, ({ part }) => part === "updates")).toBe(0);
});

test("layers of a list are named with their operators", () => {
  const { rows } = layerCostFigure(lenet);
  expect(rows.map(({ layer }) => layer)).toContain("3 Conv");
});

test("models are points, and different inputs and lower bounds are marked", () => {
  const unknown = [{ name: "head", operator: "Foo", reason: "the operator is not supported" }];
  const bound: Inspection = { ...lenet, model: "net.onnx", unknown, totals: { ...lenet.totals, isLowerBound: true } };
  const { rows, caption } = modelComparisonFigure([resnet, bound]);
  expect(rows).toEqual([
    { name: "resnet18", x: resnet.totals.parameters, y: resnet.totals.macs },
    { name: "net.onnx", x: 61_706, y: 416_520 },
  ]);
  expect(caption).toContain("The models read inputs of different sizes.");
  expect(caption).toContain("Lower bounds, since some layers are unknown: net.onnx.");
  expect(layerCostFigure(bound).caption).toContain("Not known, and not drawn: head (Foo).");
});
