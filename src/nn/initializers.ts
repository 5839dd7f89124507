// The table of initializers, and from a spec to the initial values of a parameter.

import * as z from "zod";
import { readSpec } from "../core/definition.js";
import { InvalidInputError } from "../core/errors.js";
import { specFromText } from "../core/formats/text-form.js";
import { float32Range } from "../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../core/numbers/shape.js";
import { type RandomStream, randomStream } from "../core/random/rng.js";
import { constantInitializer, normal, ones, truncatedNormal, uniform, zeros } from "./initializers/distributions.js";
import type { Fans } from "./initializers/fans.js";
import type { DrawnParameter, InitializerPart, Streams } from "./initializers/initializer.js";
import { identity, orthogonal } from "./initializers/matrices.js";
import { randomizedAsymmetric } from "./initializers/randomized-asymmetric.js";
import {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  torchDefault,
} from "./initializers/variance-scaling.js";

export type { Fans } from "./initializers/fans.js";

export const initializers = {
  torchDefault,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  normal,
  truncatedNormal,
  uniform,
  orthogonal,
  identity,
  randomizedAsymmetric,
  zeros,
  ones,
  constant: constantInitializer,
} as const;

export type InitializerKind = keyof typeof initializers;

/** An initializer by name (`"heNormal"`, `"he-normal:gain=1"`) or with options, inside a layer's options. */
export const initializerOption = z.union([z.string(), z.looseObject({ kind: z.string() })], {
  error: 'the name of an initializer, or an object with "kind"',
});
export type InitializerOption = z.output<typeof initializerOption>;

function beyondFloat32(where: string, value: number): InvalidInputError {
  return new InvalidInputError("the number is too large for float32", {
    where,
    expected: `a number ${float32Range}`,
    received: `${value}`,
  });
}

/** The complete spec that an option stands for. @throws UnknownNameError | InvalidInputError */
export function readInitializer(where: string, option: InitializerOption) {
  const spec = typeof option === "string" ? specFromText(where, "initializer", option, initializers) : option;
  const { definition, spec: complete } = readSpec(where, "initializer", initializers, spec);
  for (const [name, value] of Object.entries(complete)) {
    if (typeof value !== "number" || Number.isFinite(Math.fround(value))) continue;
    throw beyondFloat32(`${where} (${complete.kind}).${name}`, value);
  }
  return { part: definition as unknown as InitializerPart<unknown>, spec: complete };
}

/**
 * Throws UnknownNameError or InvalidInputError unless the option names an initializer and fits it, ShapeError if that
 * cannot fill the parameter.
 */
export function checkInitializer(where: string, option: InitializerOption, shape: Shape, fans: Fans): void {
  preparedSampler({ where, shape, fans }, option);
}

function preparedSampler(parameter: DrawnParameter, option: InitializerOption) {
  const { part, spec } = readInitializer(parameter.where, option);
  return part.sampler(spec, parameter);
}

/**
 * Draws a parameter. Values depend on the seed and the parameter's path only, never on other parameters.
 * @returns `float32` values, row-major.
 * @throws InvalidInputError if a drawn value exceeds float32.
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
  const samplerOf = preparedSampler({ where: path, shape, fans }, option);
  const count = sizeOf(shape);
  const name = `init ${path}`;
  const layerName = `init layer ${path.slice(0, Math.max(0, path.lastIndexOf(".")))}`;
  return (seed) => {
    const sample = samplerOf(new SeededStreams(seed, name, layerName));
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      values[index] = sample(index);
      // The options may fit in float32 although a drawn number does not.
      if (!Number.isFinite(values[index])) throw beyondFloat32(`${path}, initial value ${index}`, sample(index));
    }
    return values;
  };
}

/** The streams of one parameter under one seed. A class, because an ensemble needs thousands. */
class SeededStreams implements Streams {
  readonly own: RandomStream;
  readonly #seed: number;
  readonly #layerName: string;

  constructor(seed: number, name: string, layerName: string) {
    this.own = randomStream(seed, name);
    this.#seed = seed;
    this.#layerName = layerName;
  }

  layer(number: number): RandomStream {
    return randomStream(this.#seed, this.#layerName, number);
  }
}
