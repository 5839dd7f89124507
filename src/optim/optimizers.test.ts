// Every optimizer and every option: first step by hand, no step at rate zero, a minimum found, five steps as PyTorch.
import { describe, expect, test } from "vitest";
import { input } from "../graph/build.js";
import { evaluateGraph } from "../graph/evaluate.js";
import { graph } from "../graph/graph.js";
import type { NdArray } from "../graph/op.js";
import { simplify } from "../graph/simplify.js";
import type { OptimizerPart } from "./optimizer.js";
import { adam } from "./optimizers/adam.js";
import { type OptimizerKind, optimizers } from "./optimizers/index.js";
import { sgd } from "./optimizers/sgd.js";

type Spec = { readonly kind: string; readonly learningRate: number; readonly weightDecay: number };

const vector = (...values: number[]): NdArray => ({
  dtype: "float64",
  shape: [values.length],
  data: Float64Array.from(values),
});

/** The optimizer's update as a function of numbers, through the reference evaluation in float64. */
function stepper(spec: Spec, size: number) {
  const part = optimizers[spec.kind as OptimizerKind] as unknown as OptimizerPart<Spec>;
  const names = part.slots(spec);
  const hyperNames = Object.keys(part.hyperparameters(spec, { step: 0, learningRate: spec.learningRate }));
  const vectorInput = (name: string) => input(name, "float64", [size]);
  const [parameter, gradient] = [vectorInput("parameter"), vectorInput("gradient")];
  const slots = names.map(vectorInput);
  const hyper = hyperNames.map((name) => input(name, "float64", []));
  const result = part.update(spec, {
    parameter,
    gradient,
    slots: Object.fromEntries(names.map((name, i) => [name, slots[i]])),
    hyper: Object.fromEntries(hyperNames.map((name, i) => [name, hyper[i]])),
  });
  expect(Object.keys(result.slots)).toEqual([...names]);
  const outputs = { parameter: result.parameter, ...result.slots };
  const run = simplify(graph([parameter, gradient, ...slots, ...hyper], outputs));
  let state = [
    vector(...new Array<number>(size).fill(0)),
    ...names.map(() => vector(...new Array<number>(size).fill(0))),
  ];
  let step = 0;
  return {
    start(...values: number[]) {
      state = [vector(...values), ...state.slice(1)];
    },
    /** One update; returns the new parameters. */
    step(gradients: readonly number[], learningRate = spec.learningRate): number[] {
      const values = part.hyperparameters(spec, { step: step++, learningRate });
      expect(Object.keys(values)).toEqual(hyperNames);
      const scalars = hyperNames.map(
        (name): NdArray => ({ dtype: "float64", shape: [], data: Float64Array.of(values[name]) }),
      );
      state = evaluateGraph(run, [state[0], vector(...gradients), ...state.slice(1), ...scalars]);
      return [...state[0].data];
    },
    slots: (): number[][] => state.slice(1).map(({ data }) => [...data]),
  };
}

interface OptimizerCase {
  readonly spec: Spec;
  /** What the first step takes off a parameter, with weight decay already in `g`. */
  readonly first: (g: number) => number;
}

/** An optimizer without cases does not type-check. */
const cases: Readonly<Record<OptimizerKind, readonly OptimizerCase[]>> = {
  sgd: [
    { spec: sgd(), first: (g) => 1e-3 * g },
    { spec: sgd({ learningRate: 0.1, weightDecay: 0.3 }), first: (g) => 0.1 * g },
    { spec: sgd({ learningRate: 0.1, momentum: 0.9 }), first: (g) => 0.1 * g },
    // The first gradient enters the trace whole, as in PyTorch.
    { spec: sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.4 }), first: (g) => 0.1 * g },
    {
      spec: sgd({ learningRate: 0.1, momentum: 0.8, nesterov: true, weightDecay: 0.01 }),
      first: (g) => 0.1 * (g + 0.8 * g),
    },
  ],
  adam: [
    { spec: adam(), first: (g) => (1e-3 * g) / (Math.abs(g) + 1e-8) },
    {
      spec: adam({ learningRate: 0.1, b1: 0.5, b2: 0.7, epsilon: 0.2 }),
      first: (g) => (0.1 * g) / (Math.abs(g) + 0.2),
    },
    {
      spec: adam({ learningRate: 0.1, b1: 0, b2: 0.5, weightDecay: 0.3 }),
      first: (g) => (0.1 * g) / (Math.abs(g) + 1e-8),
    },
  ],
};

const start = [1, -2, 0.5, 3];
const slopes = [0.5, -0.25, 1e-7, 4];

describe.each(Object.values(cases).flat())("$spec", ({ spec, first }) => {
  test("the first step equals the hand formula", () => {
    const one = stepper(spec, 4);
    one.start(...start);
    const after = one.step(slopes);
    for (const [i, value] of after.entries()) {
      const expected = start[i] - first(slopes[i] + spec.weightDecay * start[i]);
      expect(Math.abs(value - expected)).toBeLessThan(1e-14 * Math.max(1, Math.abs(expected)));
    }
  });

  test("a learning rate of zero changes nothing, at the first step and later", () => {
    const one = stepper(spec, 4);
    one.start(...start);
    expect(one.step(slopes, 0)).toEqual(start);
    const moved = one.step(slopes);
    expect(moved).not.toEqual(start);
    expect(one.step(slopes, 0)).toEqual(moved);
  });

  test("it finds the lowest point of a parabola with weight decay", () => {
    const one = stepper({ ...spec, learningRate: 0.05 }, 2);
    one.start(2, -1);
    let x = [2, -1];
    // Steps that become smaller, so that Adam settles.
    for (let step = 0; step < 1500; step++) x = one.step([2 * (x[0] - 3), 6 * (x[1] - 1)], 0.05 * 0.997 ** step);
    expect(x[0]).toBeCloseTo(6 / (2 + spec.weightDecay), 2);
    expect(x[1]).toBeCloseTo(6 / (6 + spec.weightDecay), 2);
  });

  test("the spec is complete JSON", () => {
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(new Set(Object.keys(spec))).toEqual(
      new Set(["kind", ...Object.keys(optimizers[spec.kind as OptimizerKind].options.shape)]),
    );
  });
});

// torch 2.13, float64, theta 1 and these gradients; digits as printed.
test.each([
  ["SGD with momentum", sgd({ learningRate: 0.1, momentum: 0.9 }), "0.95 0.93 0.812 0.7058 0.60022"],
  [
    "SGD with Nesterov momentum",
    sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    "0.905 0.912 0.7058 0.61022 0.505198",
  ],
  ["Adam", adam(), "0.9990000000 0.9987336630 0.9980755514 0.9975364664 0.9970350558"],
  ["Adam with weight decay", adam({ weightDecay: 0.01 }), "0.999 0.9987107702 0.9980439464 0.9974927272 0.9969772241"],
] as const)("%s takes PyTorch's five steps", (_name, spec, printed) => {
  const one = stepper(spec, 1);
  one.start(1);
  const found = [0.5, -0.25, 1, 0, 0.1].map((gradient) => one.step([gradient])[0]);
  const digits = printed.split(" ");
  expect(found.map((value, i) => value.toFixed(digits[i].length - 2))).toEqual(digits);
});

test("slots are what the optimizer needs and no more", () => {
  const part = sgd as unknown as OptimizerPart<Spec>;
  expect(part.slots(sgd())).toEqual([]);
  expect(part.slots(sgd({ momentum: 0.5 }))).toEqual(["trace"]);
  expect(adam.slots(adam())).toEqual(["mu", "nu"]);
});

test("Nesterov's variant without momentum, or with dampening, is refused", () => {
  expect(() => sgd.slots(sgd({ nesterov: true }))).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: optimizer (sgd): nesterov needs a momentum above 0 and no dampening: received momentum 0, dampening 0. Set momentum to 0.9, say, and dampening to 0]`,
  );
  expect(() => sgd.slots(sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }))).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: optimizer (sgd): nesterov needs a momentum above 0 and no dampening: received momentum 0.9, dampening 0.1. Set momentum to 0.9, say, and dampening to 0]`,
  );
});

test("options out of range are refused", () => {
  expect(() => adam({ b1: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: adam.b1: expected a number below 1, received 1]`,
  );
  expect(() => adam({ learningRate: -1 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: adam.learningRate: expected a number at least 0, received -1]`,
  );
  expect(() => sgd({ momentum: Number.POSITIVE_INFINITY })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: sgd.momentum: expected a number, received Infinity]`,
  );
  expect(() => sgd({ lr: 0.1 } as never)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: sgd: unknown option "lr". Valid: learningRate, momentum, dampening, nesterov, weightDecay]`,
  );
});
