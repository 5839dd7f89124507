import { describe, expect, test } from "vitest";
import { checkEnsembleOptions } from "./checks.js";
import { distributionOf } from "./ensemble-text.js";
import type { TrainCommandOptions } from "./options.js";

describe("distributionOf", () => {
  test("counts only numbers", () => {
    const found = distributionOf([4, Number.NaN, 1, 2, Number.POSITIVE_INFINITY, 3]);
    expect(found?.deviation).toBeCloseTo(Math.sqrt(5 / 3), 12);
    expect(found).toMatchObject({
      n: 4,
      mean: 2.5,
      quantiles: { "0": 1, "0.25": 1.75, "0.5": 2.5, "0.75": 3.25, "1": 4 },
    });
  });

  test("has no deviation for one network, and is undefined if all diverged", () => {
    expect(distributionOf([2])).not.toHaveProperty("deviation");
    expect(distributionOf([Number.NaN])).toBeUndefined();
  });
});

test.each([
  [{ save: "net.onnx" }, "--save: this option is for one network. Use --save-weights"],
  [{ initial: "w.safetensors" }, "--initial: this option is for one network. Leave out --ensemble"],
  [{ order: "rows.npy" }, "--order: this option is for one network"],
])("%o is refused with an ensemble", (changes, message) => {
  const options = { order: "shuffle", ...changes } as unknown as TrainCommandOptions;
  expect(() => checkEnsembleOptions(options)).toThrow(message);
});
