// Defines initializers: functions from a parameter's shape, fans and random streams to its values.
import type { z } from "zod";
import { type Definition, type Described, define } from "../../core/definition.js";
import type { Shape } from "../../core/numbers/shape.js";
import type { RandomStream } from "../../core/random/rng.js";
import type { Fans } from "./fans.js";

/** The parameter that is drawn. */
export interface DrawnParameter {
  /** In the user's words, for messages. */
  readonly where: string;
  readonly shape: Shape;
  readonly fans: Fans;
}

/** Random numbers of one parameter under one seed. */
export interface Streams {
  /** The stream of this parameter. */
  readonly own: RandomStream;
  /** Streams that all parameters of one layer share, by number. */
  layer(number: number): RandomStream;
}

/** The value of element `index`, row-major, in float64. */
export type Sampler = (index: number) => number;

export interface InitializerPart<S> {
  /**
   * Whether it initializes the weight and bias of a layer together; a bias then takes the initializer of its weight.
   * Default false.
   */
  readonly includesBias?: boolean;
  /**
   * Prepares everything that does not depend on the seed, and returns a function that draws.
   * @throws ShapeError for a shape that it cannot fill.
   */
  sampler(spec: S, parameter: DrawnParameter): (streams: Streams) => Sampler;
}

export type InitializerDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  InitializerPart<Readonly<z.output<Options>>>;

/** Defines an initializer: kind, one sentence, options with defaults, and how values are drawn. */
export function defineInitializer<Kind extends string, Options extends z.ZodObject>(
  parts: Described<Kind, Options> & InitializerPart<Readonly<z.output<Options>>>,
): InitializerDefinition<Kind, Options> {
  return define(parts);
}

/** `mean + deviation z`, z standard normal. */
export function normalValues(deviation: number, mean = 0): (streams: Streams) => Sampler {
  return ({ own }) =>
    (index) =>
      mean + deviation * own.normal(index);
}

/** Uniform in [-bound, bound). */
export function uniformValues(bound: number): (streams: Streams) => Sampler {
  return ({ own }) =>
    (index) =>
      bound * (2 * own.uniform(index) - 1);
}
