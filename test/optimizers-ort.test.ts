// Fifty steps of every optimizer on two problems, through ONNX Runtime in float32, against PyTorch in float64.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { type TensorData, tensorFrom, toNumbers } from "../src/core/tensor-data.js";
import { constant, input, scalar } from "../src/graph/build.js";
import { gradients } from "../src/graph/gradient.js";
import { graph } from "../src/graph/graph.js";
import { softplus } from "../src/graph/ops/activation.js";
import { add, mul, sub } from "../src/graph/ops/arithmetic.js";
import { matMul } from "../src/graph/ops/matmul.js";
import { reduceMean, reduceSum } from "../src/graph/ops/reduction.js";
import { slice } from "../src/graph/ops/shape-movement.js";
import type { Tensor } from "../src/graph/tensor.js";
import { nodeRuntime } from "../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../src/onnx/write.js";
import { optimizers } from "../src/optim/optimizers/index.js";
import { readOptimizer } from "../src/train/program-request.js";

interface Fixture {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly problem: "valley" | "logistic";
  readonly start: readonly number[];
  readonly path: readonly (readonly number[])[];
}
const file = new URL("../tools/oracle/fixtures/optimizers.json", import.meta.url);
const { fixtures, logistic } = JSON.parse(readFileSync(file, "utf8")) as {
  fixtures: readonly Fixture[];
  logistic: { inputs: readonly number[]; labels: readonly number[] };
};
const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

/** The losses of tools/oracle/optimizers.py. */
const problems: Readonly<Record<Fixture["problem"], (x: Tensor) => Tensor>> = {
  valley(x) {
    const size = x.shape[0];
    const [early, late] = [slice(x, { starts: [0], ends: [size - 1] }), slice(x, { starts: [1], ends: [size] })];
    const bend = sub(late, mul(early, early));
    const rest = sub(scalar(1), early);
    return reduceSum(add(mul(scalar(3), mul(bend, bend)), mul(rest, rest)));
  },
  logistic(x) {
    const labels = constant(tensorFrom("float32", [logistic.labels.length], logistic.labels));
    const inputs = constant(tensorFrom("float32", [logistic.labels.length, x.shape[0]], logistic.inputs));
    const margins = matMul(inputs, x);
    return reduceMean(sub(softplus(margins), mul(labels, margins)));
  },
};

async function trajectory({ kind, options, problem, start, path }: Fixture): Promise<number[][]> {
  const { part, spec } = readOptimizer({ kind, ...options });
  const shape = [start.length];
  const names = part.slots(spec);
  const hyperNames = Object.keys(part.hyperparameters(spec, { step: 0, learningRate: spec.learningRate }));
  const parameter = input("parameter", "float32", shape);
  const slots = names.map((name) => input(name, "float32", shape));
  const hyper = hyperNames.map((name) => input(`hyper.${name}`, "float32", []));
  const [gradient] = gradients({ of: problems[problem](parameter), withRespectTo: [parameter] });
  const result = part.update(spec, {
    parameter,
    gradient,
    slots: Object.fromEntries(names.map((name, i) => [name, slots[i]])),
    hyper: Object.fromEntries(hyperNames.map((name, i) => [name, hyper[i]])),
  });
  const outputs = ["parameter", ...names];
  const next = [result.parameter, ...names.map((name) => result.slots[name])];
  const run = graph(
    [parameter, ...slots, ...hyper],
    Object.fromEntries(outputs.map((name, i) => [`next.${name}`, next[i]])),
  );
  const session = await runtime.load(writeOnnx(run), { threads: 1 });
  const state: Record<string, TensorData> = { parameter: tensorFrom("float32", shape, start) };
  for (const name of names)
    state[name] = tensorFrom(
      "float32",
      shape,
      start.map(() => 0),
    );
  const found: number[][] = [];
  for (const step of path.keys()) {
    const values = part.hyperparameters(spec, { step, learningRate: spec.learningRate });
    const feeds: Record<string, TensorData> = { ...state };
    for (const name of hyperNames) feeds[`hyper.${name}`] = tensorFrom("float32", [], [values[name]]);
    const { outputs: produced } = await session.run({ feeds, fetch: outputs.map((name) => `next.${name}`) });
    for (const name of outputs) state[name] = produced[`next.${name}`];
    found.push(toNumbers(state.parameter));
  }
  await session.dispose();
  return found;
}

test("every optimizer has trajectories", () => {
  expect(new Set(fixtures.map(({ kind }) => kind))).toEqual(new Set(Object.keys(optimizers)));
});

test.each(fixtures)("$kind $options goes PyTorch's way on $problem", async (fixture) => {
  const found = await trajectory(fixture);
  const distance = Math.max(...fixture.path.at(-1)!.map((x, i) => Math.abs(x - fixture.start[i])));
  expect(distance, "a path that goes nowhere proves nothing").toBeGreaterThan(0.1);
  for (const [step, expected] of fixture.path.entries()) {
    const size = Math.max(...expected.map(Math.abs));
    const error = Math.max(...expected.map((x, i) => Math.abs(x - found[step][i]))) / size;
    expect(error, `step ${step}`).toBeLessThan(1e-5);
  }
});
