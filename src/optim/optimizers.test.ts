// Every optimizer and every option: first step by hand, no step at rate zero, a minimum found, five steps as PyTorch.
import { describe, expect, test } from "vitest";
import { input } from "../graph/build.js";
import { graph } from "../graph/graph.js";
import type { NdArray } from "../graph/op.js";
import { simplify } from "../graph/passes/simplify.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import type { OptimizerPart } from "./optimizer.js";
import { adadelta } from "./optimizers/adadelta.js";
import { adagrad } from "./optimizers/adagrad.js";
import { adam } from "./optimizers/adam.js";
import { adamW } from "./optimizers/adam-w.js";
import { adamax } from "./optimizers/adamax.js";
import { type OptimizerKind, optimizers } from "./optimizers/index.js";
import { lion } from "./optimizers/lion.js";
import { momentumProduct, nadam } from "./optimizers/nadam.js";
import { radam } from "./optimizers/radam.js";
import { rmsprop } from "./optimizers/rmsprop.js";
import { rmspropNesterov } from "./optimizers/rmsprop-nesterov.js";
import { rprop } from "./optimizers/rprop.js";
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
  const initial = part.slots(spec);
  const names = Object.keys(initial);
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
  const same = (value: number) => vector(...new Array<number>(size).fill(value));
  let state = [same(0), ...Object.values(initial).map(same)];
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
  /** The rate is inside the momentum, which goes on at rate 0. */
  readonly coasts?: true;
  /** A learning rate that settles in the parabola's time; default 0.05. */
  readonly rate?: number;
}

// The first step of Adam's family, whose bias corrections then leave the gradient itself: -rate * g / (|g| + epsilon).
const normalized = (rate: number, epsilon: number) => (g: number) => (rate * g) / (Math.abs(g) + epsilon);
const rooted = (g: number, inside: number): number => g / Math.sqrt(g * g + inside);

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
    {
      spec: sgd({ learningRate: 0.1, momentum: 0.8, nesterov: true, rateInside: true }),
      first: (g) => 0.1 * 1.8 * g,
      coasts: true,
    },
  ],
  adagrad: [
    { spec: adagrad({ learningRate: 0.1, epsilon: 0.1 }), first: normalized(0.1, 0.1), rate: 0.5 },
    {
      spec: adagrad({
        learningRate: 0.1,
        initialAccumulator: 0.1,
        epsilon: 0.2,
        epsilonInside: true,
        weightDecay: 0.1,
      }),
      first: (g) => 0.1 * rooted(g, 0.3),
      rate: 0.5,
    },
  ],
  adadelta: [
    {
      spec: adadelta({ rho: 0.8, epsilon: 0.01 }),
      first: (g) => Math.sqrt(0.01 / (0.2 * g * g + 0.01)) * g,
    },
  ],
  rmsprop: [
    { spec: rmsprop({ alpha: 0.75, epsilon: 0.1 }), first: (g) => (0.01 * g) / (0.5 * Math.abs(g) + 0.1) },
    {
      spec: rmsprop({ alpha: 0.5, centered: true, epsilon: 0.1, momentum: 0.5 }),
      first: (g) => (0.01 * g) / (0.5 * Math.abs(g) + 0.1),
    },
    {
      spec: rmsprop({ alpha: 0.75, epsilon: 0.25, epsilonInside: true, momentum: 0.5, rateInside: true }),
      first: (g) => 0.01 * 2 * rooted(g, 1),
      coasts: true,
    },
  ],
  rmspropNesterov: [
    { spec: rmspropNesterov({ rho: 0.75, epsilon: 0.25 }), first: (g) => 1e-3 * 2 * rooted(g, 1), coasts: true },
    {
      spec: rmspropNesterov({ rho: 0.75, epsilon: 0.25, weightDecay: 0.2 }),
      first: (g) => 1e-3 * 2 * rooted(g, 1),
      coasts: true,
    },
  ],
  adam: [
    { spec: adam(), first: normalized(1e-3, 1e-8) },
    { spec: adam({ learningRate: 0.1, b1: 0.5, b2: 0.7, epsilon: 0.2 }), first: normalized(0.1, 0.2) },
    { spec: adam({ learningRate: 0.1, b1: 0, b2: 0.5, weightDecay: 0.3 }), first: normalized(0.1, 1e-8) },
    { spec: adam({ learningRate: 0.1, amsgrad: true, epsilon: 0.1 }), first: normalized(0.1, 0.1) },
    { spec: adam({ b2: 0.75, epsilon: 0.1, epsilonHat: true }), first: normalized(1e-3, 0.2) },
  ],
  adamW: [{ spec: adamW({ weightDecay: 0, epsilon: 0.1 }), first: normalized(1e-3, 0.1) }],
  nadam: [
    // mu_2 (1 - b1) / (1 - mu_1 mu_2) + 1 times the gradient, for mu_1 and mu_2 of psi 1 and b1 0.5.
    {
      spec: nadam({ learningRate: 0.1, b1: 0.5, epsilon: 0.1, momentumDecay: 1 }),
      first: (g) => {
        const [mu1, mu2] = [0.5 * (1 - 0.5 * 0.96), 0.5 * (1 - 0.5 * 0.96 ** 2)];
        return (1 + (mu2 * 0.5) / (1 - mu1 * mu2)) * normalized(0.1, 0.1)(g);
      },
    },
  ],
  // Nothing is divided before the variance has seen enough.
  radam: [{ spec: radam({ learningRate: 0.1, weightDecay: 0.1 }), first: (g) => 0.1 * g }],
  adamax: [
    { spec: adamax({ epsilon: 0.1 }), first: normalized(2e-3, 0.1) },
    { spec: adamax({ epsilon: 0.1, epsilonOutside: true }), first: normalized(2e-3, 0.1) },
  ],
  lion: [{ spec: lion({ learningRate: 0.01 }), first: (g) => 0.01 * Math.sign(g) }],
  rprop: [{ spec: rprop({ learningRate: 0.1 }), first: (g) => 0.1 * Math.sign(g) }],
};

const start = [1, -2, 0.5, 3];
const slopes = [0.5, -0.25, 1e-7, 4];

describe.each(Object.values(cases).flat())("$spec", ({ spec, first, coasts, rate = 0.05 }) => {
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
    if (coasts !== true) expect(one.step(slopes, 0)).toEqual(moved);
  });

  test("it finds the lowest point of a parabola with weight decay", () => {
    const one = stepper({ ...spec, learningRate: rate }, 2);
    one.start(2, -1);
    let x = [2, -1];
    // Steps that become smaller, so that Adam settles.
    for (let step = 0; step < 1500; step++) x = one.step([2 * (x[0] - 3), 6 * (x[1] - 1)], rate * 0.997 ** step);
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

// torch 2.13, float64, theta 1 and these gradients; digits as printed. Those of Keras follow from its formulas.
test.each([
  ["SGD with momentum", sgd({ learningRate: 0.1, momentum: 0.9 }), "0.95 0.93 0.812 0.7058 0.60022"],
  [
    "SGD with Nesterov momentum",
    sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    "0.905 0.912 0.7058 0.61022 0.505198",
  ],
  ["Adagrad", adagrad(), "0.9900000000 0.9944721360 0.9857434203 0.9857434203 0.9848738551"],
  [
    "Adagrad with a decaying rate",
    adagrad({ learningRateDecay: 0.1 }),
    "0.99 0.9940655781 0.9867916485 0.9867916485 0.9861705305",
  ],
  [
    "Adagrad with an initial accumulator",
    adagrad({ initialAccumulator: 0.1 }),
    "0.9915484575 0.9954409522 0.9870268889 0.9870268889 0.9861884453",
  ],
  ["Adadelta", adadelta(), "0.9968377856 0.9989228726 0.9946161570 0.9946161570 0.9940126162"],
  ["Adam with AMSGrad", adam({ amsgrad: true }), "0.9990000000 0.9987336630 0.9980755514 0.9975367360 0.9970353254"],
  ["AdamW", adamW(), "0.99899 0.9987136731 0.9980455744 0.9974965089 0.9969851233"],
  ["NAdam", nadam(), "0.9978870965 0.9987093159 0.9967131117 0.9965429762 0.9961386265"],
  ["RMSprop", rmsprop(), "0.9000000200 0.9449013374 0.8574273784 0.8574273784 0.8486259149"],
  ["centered RMSprop", rmsprop({ centered: true }), "0.8994962387 0.9444410903 0.8564458128 0.8564458128 0.8475845415"],
  [
    "centered RMSprop with momentum",
    rmsprop({ centered: true, momentum: 0.9 }),
    "0.8994962387 0.8539877051 0.7250347475 0.6089770856 0.4956639185",
  ],
  ["RAdam", radam(), "0.9995 0.9993947368 0.9989593125 0.9986505018 0.9983926815"],
  ["Adamax", adamax(), "0.998 0.9975785259 0.9967076772 0.9960894376 0.9955727641"],
  [
    "Adam as in Keras",
    adam({ epsilon: 1e-7, epsilonHat: true }),
    "0.9990000063 0.9987336708 0.9980755610 0.9975364775 0.9970350682",
  ],
  [
    "RMSprop as in Keras",
    rmsprop({ learningRate: 1e-3, alpha: 0.9, epsilon: 1e-7, epsilonInside: true }),
    "0.9968377287 0.9983121457 0.9954935675 0.9954935675 0.9951819167",
  ],
  [
    "Adagrad as in Keras",
    adagrad({ learningRate: 1e-3, initialAccumulator: 0.1, epsilon: 1e-7, epsilonInside: true }),
    "0.9991548459 0.9995440953 0.9987026890 0.9987026890 0.9986188446",
  ],
  ["Adam", adam(), "0.9990000000 0.9987336630 0.9980755514 0.9975364664 0.9970350558"],
  ["Adam with weight decay", adam({ weightDecay: 0.01 }), "0.999 0.9987107702 0.9980439464 0.9974927272 0.9969772241"],
] as const)("%s takes its five steps", (_name, spec, printed) => {
  const one = stepper(spec, 1);
  one.start(1);
  const found = [0.5, -0.25, 1, 0, 0.1].map((gradient) => one.step([gradient])[0]);
  const digits = printed.split(" ");
  expect(found.map((value, i) => value.toFixed(digits[i].length - 2))).toEqual(digits);
});

test("slots are what the optimizer needs and no more", () => {
  const part = sgd as unknown as OptimizerPart<Spec>;
  expect(part.slots(sgd())).toEqual({});
  expect(part.slots(sgd({ momentum: 0.5 }))).toEqual({ trace: 0 });
  expect(adam.slots(adam())).toEqual({ mu: 0, nu: 0 });
  expect(adam.slots(adam({ amsgrad: true }))).toEqual({ mu: 0, nu: 0, nuMax: 0 });
  expect(adagrad.slots(adagrad({ initialAccumulator: 0.1 }))).toEqual({ sum: 0.1 });
  expect(rmsprop.slots(rmsprop({ centered: true, momentum: 0.5 }))).toEqual({ nu: 0, mu: 0, trace: 0 });
});

test("Nesterov's variant without momentum, or with dampening, is refused", () => {
  expect(() => sgd.slots(sgd({ nesterov: true }))).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: optimizer (sgd): nesterov needs a momentum above 0 and no dampening: received momentum 0, dampening 0. Set momentum to 0.9, for example, and dampening to 0]`,
  );
  expect(() => sgd.slots(sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }))).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: optimizer (sgd): nesterov needs a momentum above 0 and no dampening: received momentum 0.9, dampening 0.1. Set momentum to 0.9, for example, and dampening to 0]`,
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
  expect(() => sgd({ size: 0.1 } as never)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: sgd: unknown option "size". Valid: learningRate, momentum, dampening, nesterov, rateInside, weightDecay, decoupled, decay, maximize]`,
  );
});

describe("decoupled weight decay", () => {
  const decoupled = Object.values(optimizers).flatMap((definition) =>
    "decoupled" in definition.options.shape
      ? [(definition as unknown as (options: object) => Spec)({ weightDecay: 0.5, decoupled: true })]
      : [],
  );

  test.each([...decoupled, adamW({ weightDecay: 0.5 }), lion({ weightDecay: 0.5 })])(
    "of $kind takes rate times decay off the parameter and leaves the gradient alone",
    (spec) => {
      const [plain, decayed] = [stepper({ ...spec, weightDecay: 0 }, 4), stepper(spec, 4)];
      plain.start(...start);
      decayed.start(...start);
      // The second step too: the slots must not have seen the decay.
      const changes = (one: ReturnType<typeof stepper>) => {
        const first = one.step(slopes);
        return [first, one.step(slopes)];
      };
      const [withoutDecay, withDecay] = [changes(plain), changes(decayed)];
      const keep = 1 - 0.5 * spec.learningRate;
      for (let i = 0; i < 4; i++) {
        const moved = withoutDecay[1][i] - withoutDecay[0][i];
        expect(withDecay[0][i]).toBeCloseTo(withoutDecay[0][i] - start[i] * (1 - keep), 12);
        expect(withDecay[1][i]).toBeCloseTo(withDecay[0][i] * keep + moved, 12);
      }
    },
  );
});

test.each(Object.values(optimizers))("$kind with maximize goes up as far as it would go down", (definition) => {
  const make = definition as unknown as (options: object) => Spec;
  const [down, up] = [stepper(make({}), 4), stepper(make({ maximize: true }), 4)];
  down.start(0, 0, 0, 0);
  up.start(0, 0, 0, 0);
  for (let step = 0; step < 3; step++) expect(up.step(slopes)).toEqual(down.step(slopes).map((x) => -x || 0));
});

test.each(Object.values(optimizers))("$kind stays where it is while gradients are 0", (definition) => {
  const one = stepper((definition as unknown as (options: object) => Spec)({ weightDecay: 0 }), 2);
  one.start(1, -2);
  for (let step = 0; step < 3; step++) expect(one.step([0, 0])).toEqual([1, -2]);
});

test("centered RMSprop has no variance below 0, however long a gradient stays the same", () => {
  const one = stepper(rmsprop({ centered: true, alpha: 0.5 }), 1);
  one.start(0);
  for (let step = 0; step < 200; step++) expect(one.step([0.1])[0]).not.toBeNaN();
  expect(one.slots()[0][0]).toBeGreaterThanOrEqual(0);
});

test("Adam's first step for a tiny gradient shows where epsilon is", () => {
  const share = (spec: Spec): number => {
    const one = stepper(spec, 1);
    return -one.step([1e-7])[0] / spec.learningRate;
  };
  expect(share(adam())).toBeCloseTo(1 / 1.1, 9);
  expect(share(adam({ epsilon: 1e-7 }))).toBeCloseTo(0.5, 9);
  expect(share(adam({ epsilon: 1e-7, epsilonHat: true }))).toBeCloseTo(0.03065, 5);
});

test.each([
  [0.9, 4e-3],
  [0.99, 1],
  [0.5, 0],
  [0, 1],
])("NAdam's product for b1 %d and psi %d is that of its factors", (b1, psi) => {
  let product = 1;
  for (let t = 1; t <= 400; t++) {
    product *= b1 * (1 - 0.5 * 0.96 ** (t * psi));
    expect(Math.abs(momentumProduct(b1, psi, t) - product)).toBeLessThanOrEqual(1e-12 * product + 1e-300);
  }
});

test("scalars of a step depend on the step alone", () => {
  for (const definition of Object.values(optimizers)) {
    const part = definition as unknown as OptimizerPart<Spec>;
    const spec = (definition as unknown as () => Spec)();
    const at = (step: number) => part.hyperparameters(spec, { step, learningRate: 0.1 });
    const late = at(100_000);
    at(3);
    expect(at(100_000)).toEqual(late);
    for (const value of Object.values(late)) expect(Number.isFinite(value)).toBe(true);
  }
});
