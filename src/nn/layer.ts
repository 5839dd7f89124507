// What a layer is: a callable definition that turns one symbolic tensor into another.
import type { z } from "zod";
import { type Definition, type Described, define } from "../core/definition.js";
import type { Shape } from "../core/numbers/shape.js";
import type { Tensor } from "../graph/tensor.js";
import type { Fans, InitializerOption } from "./initializers.js";

/** What a parameter is for; groups of an optimizer are made by role. */
export type ParameterRole = "weight" | "bias" | "scale" | "shift";

export type Mode = "training" | "inference";

/** What a layer may ask for while it is built. Paths are relative to the layer. */
export interface BuildContext {
  readonly mode: Mode;
  /** Where the layer stands, for messages: `model.layers[2] (dense)`. */
  readonly where: string;
  /** A trained tensor; the same name asked for twice is the same tensor, with the initial values of the first call. */
  parameter(name: string, shape: Shape, role: ParameterRole, initializer: InitializerOption, fans: Fans): Tensor;
  /** A tensor that is carried along but not trained (running statistics). */
  buffer(name: string, shape: Shape, initial: number): Tensor;
  /** Says what a buffer becomes after this step. Training only. */
  updateBuffer(name: string, next: Tensor): void;
  /** Whether a parameter or buffer is frozen: frozen statistics are used as they are and not updated. */
  isFrozen(name: string): boolean;
  /**
   * Three `uint32` scalars: the key of a counter-based random stream, fresh at every step, and the number of examples
   * of the batch before these. Training only.
   */
  randomKey(): readonly [Tensor, Tensor, Tensor];
  /**
   * Says that the layer reads x as whole numbers from 0 to `count - 1`. Where x is what the model reads, the data are
   * checked before anything runs.
   */
  tokens(x: Tensor, count: number): void;
  /** Builds a layer inside this one, at a place of its own. */
  child(place: ChildPlace, spec: LayerSpec, x: Tensor): Tensor;
}

export interface ChildPlace {
  /** In front of the names of the child's parameters: `2` for `2.weight`. */
  readonly name: string;
  /** Where the child's spec stands among this layer's options: `layers[2]`. */
  readonly option: string;
  /** Parameters and buffers of the child that stand elsewhere in the model, for all who name that place. */
  readonly shared?: SharedPlace;
}

export interface SharedPlace {
  /** Path in front of their names, from the model's root. */
  readonly path: string;
  /** Says by their names in the child which they are. */
  isShared(name: string): boolean;
  /** Whether the child sees those with two axes transposed. */
  readonly transposed: boolean;
}

export type LayerSpec = { readonly kind: string; readonly [option: string]: unknown };

export interface LayerPart<S> {
  /** Emits the layer's nodes. `x` has the batch on axis 0. */
  build(spec: S, x: Tensor, context: BuildContext): Tensor;
}

export type LayerDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  LayerPart<Readonly<z.output<Options>>>;

/** Defines a layer: kind, one sentence, options with defaults, and how it is built. */
export function defineLayer<Kind extends string, Options extends z.ZodObject>(
  parts: Described<Kind, Options> & LayerPart<Readonly<z.output<Options>>>,
): LayerDefinition<Kind, Options> {
  return define(parts);
}
