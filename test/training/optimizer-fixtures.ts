// What tools/oracle/optimizers.py wrote, its problems as graphs, and one step of an optimizer on them as a graph.
import { readFileSync } from "node:fs";
import type { DType } from "../../src/core/numbers/dtype.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { constant, input, scalar } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { graph } from "../../src/graph/graph.js";
import { softplus } from "../../src/graph/ops/activation/activation.js";
import { add, mul, sub } from "../../src/graph/ops/elementwise/arithmetic.js";
import { slice } from "../../src/graph/ops/movement/slicing.js";
import { matMul } from "../../src/graph/ops/products/matmul.js";
import { reduceMean, reduceSum } from "../../src/graph/ops/reduction/reduction.js";
import type { Graph, Tensor } from "../../src/graph/tensor.js";
import { scheduleFunction } from "../../src/optim/schedules.js";
import { readOptimizer } from "../../src/train/program/read-optimizer.js";

export interface OptimizerFixture {
  readonly source: "torch" | "keras" | "paper";
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly schedule?: unknown;
  readonly problem: "valley" | "logistic";
  readonly start: readonly number[];
  /** Parameters after the steps whose numbers are in `keptSteps`. */
  readonly path: readonly (readonly number[])[];
}

export interface ExtremeFixture {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly gradients: readonly (readonly number[])[];
  readonly path: readonly (readonly number[])[];
}

const file = new URL("../../tools/oracle/fixtures/optimizers.json", import.meta.url);
const all = JSON.parse(readFileSync(file, "utf8")) as {
  fixtures: readonly OptimizerFixture[];
  extremes: readonly ExtremeFixture[];
  logistic: { inputs: readonly number[]; labels: readonly number[] };
  steps: readonly number[];
};
export const { fixtures, extremes, steps: keptSteps } = all;

/** The losses of tools/oracle/optimizers.py. */
const problems: Readonly<Record<OptimizerFixture["problem"], (x: Tensor) => Tensor>> = {
  valley(x) {
    const size = x.shape[0];
    const [early, late] = [slice(x, { starts: [0], ends: [size - 1] }), slice(x, { starts: [1], ends: [size] })];
    const bend = sub(late, mul(early, early));
    const rest = sub(scalar(1, x.dtype), early);
    return reduceSum(add(mul(scalar(3, x.dtype), mul(bend, bend)), mul(rest, rest)));
  },
  logistic(x) {
    const labels = constant(tensorFrom(x.dtype, [all.logistic.labels.length], all.logistic.labels));
    const inputs = constant(tensorFrom(x.dtype, [all.logistic.labels.length, x.shape[0]], all.logistic.inputs));
    const margins = matMul(inputs, x);
    return reduceMean(sub(softplus(margins), mul(labels, margins)));
  },
};

export interface OptimizerStep {
  /** Inputs: parameter, slots, scalars; for a problem of `undefined` the gradient at last. Outputs: parameter, slots. */
  readonly graph: Graph;
  readonly slots: Readonly<Record<string, number>>;
  readonly hyperNames: readonly string[];
  /** The scalars of a step, in the order of their names. */
  hyper(step: number): number[];
}

/** One step of an optimizer on a problem, with the gradient of the problem in it. */
export function optimizerStep(
  {
    kind,
    options,
    schedule,
    problem,
    size,
  }: Pick<OptimizerFixture, "kind" | "options" | "schedule"> & {
    readonly problem?: OptimizerFixture["problem"];
    readonly size: number;
  },
  dtype: DType,
): OptimizerStep {
  const { part, spec } = readOptimizer({ kind, ...options });
  const slots = part.slots(spec);
  const plan = scheduleFunction(schedule ?? { kind: "constant" });
  const at = (step: number) => plan({ step, stepsPerEpoch: 1, totalSteps: 50, learningRate: spec.learningRate });
  const values = (step: number): Readonly<Record<string, number>> => {
    const { learningRate, momentum } = at(step);
    const before = at(Math.max(0, step - 1)).momentum ?? 0;
    return part.hyperparameters(spec, {
      step,
      learningRate,
      ...(momentum === undefined ? {} : { momentum: { now: momentum, before } }),
    });
  };
  const hyperNames = Object.keys(values(0));
  const parameter = input("parameter", dtype, [size]);
  const slotInputs = Object.fromEntries(Object.keys(slots).map((name) => [name, input(name, dtype, [size])]));
  const hyper = Object.fromEntries(hyperNames.map((name) => [name, input(`hyper.${name}`, dtype, [])]));
  const point = part.lookAhead?.(spec, { parameter, slots: slotInputs, hyper }) ?? parameter;
  const given = input("gradient", dtype, [size]);
  const gradient =
    problem === undefined ? given : gradients({ of: problems[problem](point), withRespectTo: [point] })[0];
  const result = part.update(spec, { parameter, gradient, slots: slotInputs, hyper });
  return {
    graph: graph(
      [parameter, ...Object.values(slotInputs), ...Object.values(hyper), ...(problem === undefined ? [given] : [])],
      Object.fromEntries(
        [["parameter", result.parameter] as const, ...Object.keys(slots).map((n) => [n, result.slots[n]] as const)].map(
          ([name, tensor]) => [`next.${name}`, tensor],
        ),
      ),
    ),
    slots,
    hyperNames,
    hyper: (step) => {
      const found = values(step);
      return hyperNames.map((name) => found[name]);
    },
  };
}

/** Largest deviation of two vectors, relative to the largest element of the second. */
export function relativeError(found: readonly number[], expected: readonly number[]): number {
  const size = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((x, i) => Math.abs(x - found[i]))) / size;
}
