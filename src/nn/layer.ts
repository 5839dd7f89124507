// Defines layers: callable definitions that map one symbolic tensor to another.
import type { z } from "zod";
import { type Definition, type Described, define } from "../core/definition.js";
import type { Shape } from "../core/numbers/shape.js";
import type { Tensor } from "../graph/tensor.js";
import type { Fans, InitializerOption } from "./initializers.js";

/** The role of a parameter, by which optimizers form groups. */
export type ParameterRole = "weight" | "bias" | "scale" | "shift";

export type Mode = "training" | "inference";

/** The services available to a layer while it is built. Paths are relative to the layer. */
export interface BuildContext {
  readonly mode: Mode;
  /** The layer's position in the model, for messages: `model.layers[2] (dense)`. */
  readonly where: string;
  /** A trained tensor. Calls with the same name return the same tensor, with the initial values of the first call. */
  parameter(name: string, shape: Shape, role: ParameterRole, initializer: InitializerOption, fans: Fans): Tensor;
  /** Lets a row of a parameter `[rows, features]` begin as zeros. */
  startRowAtZero(name: string, row: number): void;
  /** A state tensor that is not trained (running statistics). */
  buffer(name: string, shape: Shape, initial: number): Tensor;
  /** Sets the value of a buffer after this step. Training only. */
  updateBuffer(name: string, next: Tensor): void;
  /** Whether a parameter or buffer is frozen: frozen statistics are used as they are and not updated. */
  isFrozen(name: string): boolean;
  /**
   * Three `uint32` scalars: the key of a counter-based random stream, new at every step, and the number of examples
   * of the batch that precede these. Training only.
   */
  randomKey(): readonly [Tensor, Tensor, Tensor];
  /**
   * Declares that the layer reads x as integers from 0 to `count - 1`. If x is the model's input, the data are
   * checked before anything runs.
   */
  tokens(x: Tensor, count: number): void;
  /** Builds a layer inside this one, with its own path. */
  child(place: ChildPlace, spec: LayerSpec, x: Tensor): Tensor;
}

export interface ChildPlace {
  /** Prefix of the child's parameter names: `2` for `2.weight`. */
  readonly name: string;
  /** The child's spec within this layer's options: `layers[2]`. */
  readonly option: string;
  /** Parameters and buffers of the child that are stored under a shared path, for all layers that name it. */
  readonly shared?: SharedPlace;
}

export interface SharedPlace {
  /** Prefix of their names, from the model's root. */
  readonly path: string;
  /** Whether the parameter of this name in the child is shared. */
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
