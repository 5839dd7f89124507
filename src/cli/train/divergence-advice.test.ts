// What somebody whose training diverged is told: the learning rate is not blamed for what came before it.
import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";
import { divergenceAdvice } from "./divergence-advice.js";

const data = (...inputs: number[]): Dataset =>
  ({ train: { inputs: tensorFrom("float32", [inputs.length, 1], inputs) } }) as unknown as Dataset;
const advice = (step: number, inputs: readonly number[], options: object = {}): string => {
  const optimizer = { kind: "adam", ...options } as KindSpec;
  return divergenceAdvice({ optimizer }, data(...inputs), [{ network: 0, step, epoch: 0, loss: Number.NaN }]);
};

test("before the first update, the data and the initial weights are to be looked at", () => {
  expect(advice(0, [1, -2])).toMatchInlineSnapshot(
    `"It happened before the first update, so the learning rate is not the cause: look at the data, at the initial weights, and at layers that divide"`,
  );
  expect(advice(0, [1, -1e25])).toMatch(/look at the data, whose inputs reach 1e25,/);
  expect(advice(0, [1, Number.POSITIVE_INFINITY])).toMatch(/whose inputs reach Infinity,/);
  for (const inputs of [[1], [1e25]]) expect(advice(0, inputs)).not.toMatch(/smaller/);
});

test("an epsilon of 0 is named, and otherwise a smaller learning rate is the advice", () => {
  expect(advice(1, [1], { epsilon: 0 })).toBe(
    "With epsilon 0, a gradient of 0 is divided by 0: use an epsilon above 0",
  );
  expect(advice(1, [1], { epsilon: 1e-8 })).toBe("Try a smaller learning rate");
  expect(advice(7, [1e25])).toBe("Try a smaller learning rate");
});
