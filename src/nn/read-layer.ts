// A layer spec with every default written out, that of the layers and initializers inside it as well.
import type { z } from "zod";
import { readSpec } from "../core/definition.js";
import { bareSchema } from "../core/names.js";
import { type InitializerOption, initializerOption, readInitializer } from "./initializers.js";
import type { LayerSpec } from "./layer.js";
import { layerOption } from "./layers/containers/sequential.js";
import { layers } from "./layers/index.js";

/**
 * Reads a layer spec: in our own names, with every default written out, so that one network has one spec.
 * @param where path in the user's words, for messages: `model.layers[2]`.
 * @throws UnknownNameError | InvalidInputError with the layer's path.
 */
export function readLayer(spec: unknown, where = "model"): LayerSpec {
  const { definition, spec: complete } = readSpec(where, "layer", layers, spec);
  const shape = definition.options.shape as Readonly<Record<string, z.ZodType>>;
  const options = Object.entries(complete).map(([name, value]) => {
    const place = `${where}.${name}`;
    return [name, shape[name] === undefined ? value : readOption(shape[name], value, place)] as const;
  });
  return Object.fromEntries(options) as LayerSpec;
}

/** The value of one option, with the layers or the initializer in it complete. */
function readOption(schema: z.ZodType, value: unknown, where: string): unknown {
  if (value === undefined) return value;
  const bare = bareSchema(schema);
  // A description makes another schema of the same definition.
  if (bare.def === layerOption.def) return readLayer(value, where);
  if (bare.def === initializerOption.def) return readInitializer(where, value as InitializerOption).spec;
  if (!Array.isArray(value) || bare.type !== "array") return value;
  const { element } = bare as z.ZodArray<z.ZodType>;
  return value.map((member, i) => readOption(element, member, `${where}[${i}]`));
}
