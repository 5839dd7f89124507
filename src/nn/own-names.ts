// A model spec in our own names: layers, options and initializers that PyTorch or Keras calls otherwise are renamed.
import type { z } from "zod";
import { type DefinitionTable, withOwnNames } from "../core/definition.js";
import { specFromText } from "../core/formats/text-form.js";
import { bareSchema, findKind } from "../core/names.js";
import { initializerOption, initializers } from "./initializers.js";
import type { LayerSpec } from "./layer.js";
import { layerOption } from "./layers/containers/sequential.js";
import { layers } from "./layers/index.js";

/**
 * The same model in our own names at every depth, so that it has one hash whatever it was written in. Defaults are not
 * filled in. What is unknown stays as it is: building the model says what is wrong with it.
 * @param where path in the user's words, for messages.
 * @throws InvalidInputError for an option that is given by two names.
 */
export function ownModelNames(spec: LayerSpec, where = "model"): LayerSpec {
  if (typeof spec?.kind !== "string" || findKind(spec.kind, layers) === undefined) return spec;
  const { kind, ...options } = withOwnNames(where, "layer", layers, spec);
  const shape = (layers as DefinitionTable)[kind].options.shape as Readonly<Record<string, z.ZodType>>;
  const named = Object.entries(options).map(([option, value]): [string, unknown] => {
    if (!Object.hasOwn(shape, option)) return [option, value];
    return [option, ownValue(shape[option], value, `${where}.${option}`)];
  });
  return { kind, ...Object.fromEntries(named) };
}

function ownValue(schema: z.ZodType, value: unknown, where: string): unknown {
  if (holdsLayers(schema)) {
    if (Array.isArray(value)) return value.map((layer, i) => ownLayerNames(layer, `${where}[${i}]`));
    return ownLayerNames(value, where);
  }
  return bareSchema(schema).def === initializerOption.def ? ownInitializerNames(value, where) : value;
}

const ownLayerNames = (value: unknown, where: string): unknown =>
  layerOption.safeParse(value).success ? ownModelNames(value as LayerSpec, where) : value;

/** A name stays a name, unless it brings options along. */
function ownInitializerNames(value: unknown, where: string): unknown {
  if (!initializerOption.safeParse(value).success) return value;
  const isText = typeof value === "string";
  const name = isText ? value.replace(/:.*$/s, "").trim() : String((value as { readonly kind: unknown }).kind);
  const found = findKind(name, initializers);
  if (found === undefined) return value;
  if (!isText) return withOwnNames(where, "initializer", initializers, value);
  const isPlain = !value.includes(":") && Object.keys(found.options).length === 0;
  return isPlain ? found.kind : specFromText(where, "initializer", value, initializers);
}

/** Whether an option is a layer or a list of layers. */
export function holdsLayers(schema: z.ZodType): boolean {
  const bare = bareSchema(schema);
  // A description makes another schema of the same definition.
  if (bare.def === layerOption.def) return true;
  return bare.type === "array" && holdsLayers((bare as z.ZodArray<z.ZodType>).element);
}
