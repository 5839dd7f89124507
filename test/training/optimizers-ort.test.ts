// Fifty steps of every optimizer on two problems against PyTorch, Keras's formulas and papers: in float64 by the reference
// evaluation, and in float32 through ONNX Runtime.
import { afterAll, describe, expect, test } from "vitest";
import { type TensorData, tensorFrom, toNumbers } from "../../src/core/numbers/tensor-data.js";
import type { NdArray } from "../../src/graph/op.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { optimizers } from "../../src/optim/optimizers/index.js";
import {
  extremes,
  fixtures,
  keptSteps,
  type OptimizerFixture,
  optimizerStep,
  relativeError,
} from "./optimizer-fixtures.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());
const lastStep = keptSteps[keptSteps.length - 1];

/** Parameters after every kept step, in float64. */
function referencePath(fixture: OptimizerFixture): number[][] {
  const { start } = fixture;
  const step = optimizerStep({ ...fixture, size: start.length }, "float64");
  const run = simplify(step.graph);
  const array = (shape: number[], values: readonly number[]): NdArray => ({
    dtype: "float64",
    shape,
    data: Float64Array.from(values),
  });
  const same = (value: number) => array([start.length], new Array<number>(start.length).fill(value));
  let state = [array([start.length], start), ...Object.values(step.slots).map(same)];
  const found: number[][] = [];
  for (let number = 0; number <= lastStep; number++) {
    state = evaluateGraph(run, [...state, ...step.hyper(number).map((value) => array([], [value]))]);
    if (keptSteps.includes(number)) found.push([...state[0].data]);
  }
  return found;
}

interface Float32Run {
  readonly fixture: Parameters<typeof optimizerStep>[0];
  readonly start: readonly number[];
  readonly steps: number;
  readonly gradients?: readonly (readonly number[])[];
}

/** Parameters after every step, in float32 on ONNX Runtime. */
async function float32Path({ fixture, start, steps, gradients }: Float32Run): Promise<number[][]> {
  const step = optimizerStep(fixture, "float32");
  const session = await runtime.load(writeOnnx(step.graph), { threads: 1 });
  const vector = (values: readonly number[]) => tensorFrom("float32", [start.length], values);
  const state: Record<string, TensorData> = { parameter: vector(start) };
  for (const [name, value] of Object.entries(step.slots)) state[name] = vector(start.map(() => value));
  const names = Object.keys(state);
  const found: number[][] = [];
  for (let number = 0; number < steps; number++) {
    const hyper = step
      .hyper(number)
      .map((value, h) => [`hyper.${step.hyperNames[h]}`, tensorFrom("float32", [], [value])]);
    const feeds = {
      ...state,
      ...Object.fromEntries(hyper),
      ...(gradients ? { gradient: vector(gradients[number]) } : {}),
    };
    const { outputs } = await session.run({ feeds, fetch: names.map((name) => `next.${name}`) });
    for (const name of names) state[name] = outputs[`next.${name}`];
    found.push(toNumbers(state.parameter));
  }
  await session.dispose();
  return found;
}

test("every optimizer has trajectories", () => {
  expect(new Set(fixtures.map(({ kind }) => kind))).toEqual(new Set(Object.keys(optimizers)));
});

describe.each(fixtures)("$kind $options goes the way of $source on $problem", (fixture) => {
  test("in float64 to 1e-10", () => {
    const found = referencePath(fixture);
    expect(
      relativeError(fixture.start, fixture.path.at(-1)!),
      "a path that goes nowhere proves nothing",
    ).toBeGreaterThan(0.05);
    for (const [i, expected] of fixture.path.entries())
      expect(relativeError(found[i], expected), `step ${keptSteps[i]}`).toBeLessThan(1e-10);
  });

  test("in float32 on ONNX Runtime to 1e-5", async () => {
    const { start, path } = fixture;
    const found = await float32Path({ fixture: { ...fixture, size: start.length }, start, steps: lastStep + 1 });
    for (const [i, expected] of path.entries())
      expect(relativeError(found[keptSteps[i]], expected), `step ${keptSteps[i]}`).toBeLessThan(1e-5);
  });
});

test.each(extremes)("$kind $options does with huge, tiny and absent gradients what PyTorch does", async (extreme) => {
  const { kind, options, gradients, path } = extreme;
  const found = await float32Path({
    fixture: { kind, options, size: 3 },
    start: [1, 1, 1],
    steps: path.length,
    gradients,
  });
  for (const [step, expected] of path.entries())
    for (const [i, value] of expected.entries())
      expect(found[step][i], `step ${step}, element ${i}`).toBeCloseTo(value, 5);
});
