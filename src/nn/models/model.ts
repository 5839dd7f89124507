// What a model of the catalogue is: a function from a few options to a model spec.
import type { z } from "zod";
import { type Described, define } from "../../core/definition.js";
import type { LayerSpec } from "../layer.js";

export interface ModelPart<S> {
  /** Shape of one example, if the model fixes it; a function if its options determine it. */
  readonly inputShape?: readonly number[] | ((spec: S) => readonly number[]);
  /** Reference for the docs. */
  readonly source?: string;
  model(spec: S): LayerSpec;
  /** Reads the options after the colon on the command line: `mlp:784-100-10`. */
  parse?(text: string): Record<string, unknown>;
}

/** A definition that is called for its layers: options in, a model spec out. */
export type ModelDefinition<Kind extends string, Options extends z.ZodObject, Parts> = Described<Kind, Options> &
  Parts &
  ((options?: z.input<Options>) => LayerSpec);

/** Defines a model: kind, one sentence, options with defaults, and its layers. */
export function defineModel<Kind extends string, Options extends z.ZodObject, Parts extends ModelPart<never>>(
  parts: Described<Kind, Options> & Parts,
): ModelDefinition<Kind, Options, Parts> {
  const read = define(parts);
  return Object.assign((options?: z.input<Options>): LayerSpec => parts.model(read(options) as never), parts);
}
