// A model spec with other initializers: those of all its layers at once.
import type { z } from "zod";
import { type InitializerOption, readInitializer } from "./initializers.js";
import type { LayerSpec } from "./layer.js";
import { layerOption } from "./layers/containers/sequential.js";
import { layers } from "./layers/index.js";
import { holdsLayers, ownModelNames } from "./own-names.js";

export interface ModelInitializers {
  /** Of every weight whose layer lets it be chosen. */
  readonly weights?: InitializerOption;
  /** Of every bias; what `weights` is, if that is meant for both. */
  readonly biases?: InitializerOption;
}

/**
 * The same model, whose layers begin otherwise: `withInitializers(lenet5(), { weights: "heNormal", biases: "zeros" })`.
 * Scales and shifts of normalizations stay what they are.
 * @throws UnknownNameError | InvalidInputError for initializers that cannot be read.
 */
export function withInitializers(spec: LayerSpec, { weights, biases }: ModelInitializers): LayerSpec {
  const chosen = weights === undefined ? undefined : readInitializer("weights", weights);
  const own = biases === undefined ? undefined : readInitializer("biases", biases).spec;
  const ofBiases = own ?? (chosen?.part.includesBias === true ? chosen.spec : undefined);
  const options = {
    ...(chosen === undefined ? {} : { weightInitializer: chosen.spec }),
    ...(ofBiases === undefined ? {} : { biasInitializer: ofBiases }),
  };
  return layerFrom(ownModelNames(spec), options) as LayerSpec;
}

type Definitions = Readonly<Record<string, { readonly options: z.ZodObject } | undefined>>;

/** The layer, and all layers inside it, with those of the options that they have. */
function changed(spec: LayerSpec, options: Readonly<Record<string, unknown>>): LayerSpec {
  const shape = Object.hasOwn(layers, spec.kind) ? (layers as Definitions)[spec.kind]?.options.shape : undefined;
  // Building the model says what is wrong with it.
  if (shape === undefined) return spec;
  const own = Object.entries(options).filter(([name]) => name in shape);
  const inner = Object.entries(spec).map(([name, value]): [string, unknown] => {
    if (!(name in shape) || !holdsLayers(shape[name] as z.ZodType)) return [name, value];
    return [name, Array.isArray(value) ? value.map((layer) => layerFrom(layer, options)) : layerFrom(value, options)];
  });
  return { ...Object.fromEntries([...inner, ...own]), kind: spec.kind };
}

const layerFrom = (value: unknown, options: Readonly<Record<string, unknown>>): unknown =>
  layerOption.safeParse(value).success ? changed(value as LayerSpec, options) : value;
