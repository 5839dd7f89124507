// Clipping against its formula, vectors by group, and limits that are none.
import { describe, expect, test } from "vitest";
import { tensorFrom, toNumbers } from "../../core/numbers/tensor-data.js";
import { input } from "../../graph/build.js";
import { graph } from "../../graph/graph.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData, toTensorData } from "../../graph/reference/nd-array.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";
import { batchNorm } from "../../nn/layers/normalization/batch-norm.js";
import { layerNetwork } from "../../nn/network.js";
import { adam } from "../../optim/optimizers/adam.js";
import { readOptimizer } from "./read-optimizer.js";
import { stateLayout, stateNames } from "./state-layout.js";
import { clippedGradients, type GradientClip, readClip } from "./update.js";

/** Two gradient vectors, clipped. */
function clipped(limits: GradientClip, ...vectors: number[][]): number[][] {
  const inputs = vectors.map((values, i) => input(`g${i}`, "float32", [values.length]));
  const results = clippedGradients(inputs, limits);
  const run = graph(inputs, Object.fromEntries(results.map((tensor, i) => [`${i}`, tensor])));
  const values = vectors.map((numbers) => fromTensorData(tensorFrom("float32", [numbers.length], numbers)));
  return evaluateGraph(run, values).map((value) => toNumbers(toTensorData(value)));
}

describe("clipping", () => {
  test("by norm takes the length over all vectors, and leaves shorter gradients as they are", () => {
    expect(clipped({ norm: 14 }, [3, 0], [4, 12])).toEqual([
      [3, 0],
      [4, 12],
    ]);
    const [[a, b], [c, d]] = clipped({ norm: 1.3 }, [3, 0], [4, 12]);
    for (const [found, wanted] of [
      [a, 0.3],
      [b, 0],
      [c, 0.4],
      [d, 1.2],
    ])
      expect(found).toBeCloseTo(wanted, 6);
  });

  test("by value cuts each element off, and comes before the norm", () => {
    expect(clipped({ value: 2 }, [3, -5, 1])).toEqual([[2, -2, 1]]);
    const [[a, b]] = clipped({ value: 4, norm: 2.5 }, [3, -50]);
    expect([a, b].map((x) => x.toFixed(4))).toEqual(["1.5000", "-2.0000"]);
  });

  test("leaves a gradient of 0 at 0, and does not hide one that is no number", () => {
    expect(clipped({ norm: 1 }, [0, 0])).toEqual([[0, 0]]);
    expect(clipped({ norm: 1 }, [Number.NaN, 1])[0]).toEqual([Number.NaN, Number.NaN]);
  });

  test("adds nothing where there are no limits", () => {
    const g = input("g", "float32", [2]);
    expect(clippedGradients([g], {})).toEqual([g]);
  });
});

test("limits that are none are refused", () => {
  for (const limits of [{ norm: 0 }, { value: -1 }, { norm: Number.NaN }, { value: Number.POSITIVE_INFINITY }])
    expect(() => readClip(limits)).toThrow("expected a number above 0");
  expect(() => readClip({ norms: 1 } as GradientClip)).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: clip: unknown limit "norms". Did you mean "norm"? Valid: norm, value]`,
  );
});

describe("the layout of the state", () => {
  const network = layerNetwork(sequential([dense({ units: 3 }), batchNorm(), dense({ units: 300 })])).build({
    mode: "training",
    batchSize: 4,
    inputShapes: [[400]],
  });
  const layout = (options: object) => stateLayout(network, readOptimizer(adam(options)));
  const paths = (options: object) =>
    layout(options).parameters.map(({ name, decays, entries }) => [name, decays, entries.map(({ path }) => path)]);

  test("keeps weights apart from biases, scales and shifts where only weights decay", () => {
    expect(paths({ weightDecay: 0.1, decay: "weights" })).toEqual([
      ["parameters", true, ["0.weight", "2.weight"]],
      ["undecayed", false, ["0.bias", "1.weight", "1.bias", "2.bias"]],
    ]);
    expect(stateNames(layout({ weightDecay: 0.1, decay: "weights" }))).toEqual([
      ...["parameters", "undecayed", "mu:parameters", "mu:undecayed", "nu:parameters", "nu:undecayed", "buffers"],
    ]);
  });

  test("makes one vector of all where there is no difference", () => {
    for (const options of [{}, { decay: "weights" }, { weightDecay: 0.1 }]) expect(paths(options)).toHaveLength(1);
  });
});
