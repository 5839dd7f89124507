// Initial values of parameters: pure functions of shape, fans and a random stream.
import * as z from "zod";
import { define, readSpec } from "../core/definition.js";
import { type RandomStream, randomStream } from "../core/rng.js";
import { type Shape, sizeOf } from "../core/shape.js";

/**
 * Number of inputs and outputs of one unit: for a convolution, channels times kernel area. With groups, those that one
 * filter reads and one channel feeds. (PyTorch counts the filters of all groups as fanOut.)
 */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

interface InitializerPart<S> {
  /** One value, number `index`. */
  sample(spec: S, fans: Fans, stream: RandomStream, index: number): number;
}

const positive = z.number().positive();

/** N(0, 2 / (fanIn + fanOut)). Glorot and Bengio, AISTATS 2010, equation 12. */
export const glorotNormal = define({
  kind: "glorotNormal",
  about: "normal with variance 2 / (fanIn + fanOut)",
  options: z.object({ gain: positive.default(1) }),
  sample: (spec: { gain: number }, { fanIn, fanOut }: Fans, stream: RandomStream, index: number) =>
    spec.gain * Math.sqrt(2 / (fanIn + fanOut)) * stream.normal(index),
});

/** U(-a, a), a = sqrt(6 / (fanIn + fanOut)). Glorot and Bengio, AISTATS 2010, equation 16. */
export const glorotUniform = define({
  kind: "glorotUniform",
  about: "uniform with variance 2 / (fanIn + fanOut)",
  options: z.object({ gain: positive.default(1) }),
  sample: (spec: { gain: number }, { fanIn, fanOut }: Fans, stream: RandomStream, index: number) =>
    spec.gain * Math.sqrt(6 / (fanIn + fanOut)) * (2 * stream.uniform(index) - 1),
});

/** N(0, 2 / fanIn). He, Zhang, Ren and Sun, ICCV 2015, equation 10. */
export const heNormal = define({
  kind: "heNormal",
  about: "normal with variance 2 / fanIn, for ReLU networks",
  options: z.object({ gain: positive.default(Math.SQRT2) }),
  sample: (spec: { gain: number }, { fanIn }: Fans, stream: RandomStream, index: number) =>
    (spec.gain / Math.sqrt(fanIn)) * stream.normal(index),
});

/** U(-a, a), a = sqrt(6 / fanIn): the variance of `heNormal`. */
export const heUniform = define({
  kind: "heUniform",
  about: "uniform with variance 2 / fanIn, for ReLU networks",
  options: z.object({ gain: positive.default(Math.SQRT2) }),
  sample: (spec: { gain: number }, { fanIn }: Fans, stream: RandomStream, index: number) =>
    spec.gain * Math.sqrt(3 / fanIn) * (2 * stream.uniform(index) - 1),
});

/** N(mean, deviation^2). */
export const normal = define({
  kind: "normal",
  about: "normal with a given mean and standard deviation",
  options: z.object({ mean: z.number().default(0), deviation: positive.default(0.01) }),
  sample: (spec: { mean: number; deviation: number }, _fans: Fans, stream: RandomStream, index: number) =>
    spec.mean + spec.deviation * stream.normal(index),
});

/**
 * U(-1/sqrt(fanIn), 1/sqrt(fanIn)): what PyTorch 2 gives weights and biases of linear and convolution layers
 * (its `kaiming_uniform_` with a = sqrt 5 has this bound).
 */
export const torchDefault = define({
  kind: "torchDefault",
  about: "uniform within 1 / sqrt(fanIn), the default of PyTorch for weights and biases",
  options: z.object({}),
  sample: (_spec: object, { fanIn }: Fans, stream: RandomStream, index: number) =>
    (2 * stream.uniform(index) - 1) / Math.sqrt(fanIn),
});

/** The same value everywhere. */
export const constantInitializer = define({
  kind: "constant",
  about: "the same value everywhere",
  options: z.object({ value: z.number().default(0) }),
  sample: (spec: { value: number }) => spec.value,
});

export const initializers = {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  normal,
  torchDefault,
  constant: constantInitializer,
} as const;

export type InitializerKind = keyof typeof initializers;

/** An initializer by name or with options, inside a layer's options. */
export const initializerOption = z.union([z.string(), z.looseObject({ kind: z.string() })], {
  error: 'the name of an initializer, or an object with "kind"',
});
export type InitializerOption = z.output<typeof initializerOption>;

function readInitializer(where: string, option: InitializerOption) {
  return readSpec(where, "initializer", initializers, typeof option === "string" ? { kind: option } : option);
}

/** Throws UnknownNameError or InvalidInputError unless the option names an initializer and fits it. */
export function checkInitializer(where: string, option: InitializerOption): void {
  readInitializer(where, option);
}

/**
 * Draws a parameter. Values depend on the seed and the parameter's path only, never on other parameters.
 * @returns `float32` values, row-major.
 */
export function initialValues(
  path: string,
  option: InitializerOption,
  shape: Shape,
  fans: Fans,
  seed: number,
): Float32Array<ArrayBuffer> {
  return parameterSampler(path, option, shape, fans)(seed);
}

/** The draws of one parameter under many seeds: reads the option once. */
export function parameterSampler(
  path: string,
  option: InitializerOption,
  shape: Shape,
  fans: Fans,
): (seed: number) => Float32Array<ArrayBuffer> {
  const { definition, spec } = readInitializer(path, option);
  const { sample } = definition as unknown as InitializerPart<unknown>;
  const count = sizeOf(shape);
  const name = `init ${path}`;
  return (seed) => {
    const stream = randomStream(seed, name);
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) values[index] = sample(spec, fans, stream, index);
    return values;
  };
}
