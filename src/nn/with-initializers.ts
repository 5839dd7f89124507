// Changes the initializers of all layers of a model spec at once.
import type { z } from "zod";
import { type InitializerOption, readInitializer } from "./initializers.js";
import type { LayerSpec } from "./layer.js";
import { layerOption } from "./layers/containers/sequential.js";
import { layers } from "./layers/index.js";
import { holdsLayers, ownModelNames } from "./own-names.js";

export interface ModelInitializers {
  /** Initializer of every weight whose layer has the option. */
  readonly weights?: InitializerOption;
  /** Initializer of every bias. Default: `weights`, if that initializes both. */
  readonly biases?: InitializerOption;
}

/**
 * The same model with other initializers: `withInitializers(lenet5(), { weights: "heNormal", biases: "zeros" })`.
 * Scales and shifts of normalizations are unchanged.
 * @throws UnknownNameError | InvalidInputError for invalid initializers.
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

/** Sets those options that the layer, or a layer inside it, has. */
function changed(spec: LayerSpec, options: Readonly<Record<string, unknown>>): LayerSpec {
  const shape = Object.hasOwn(layers, spec.kind) ? (layers as Definitions)[spec.kind]?.options.shape : undefined;
  // An invalid layer is reported when the model is built.
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
