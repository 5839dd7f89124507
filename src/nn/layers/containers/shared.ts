// shared: a layer that keeps its parameters under a given name, so that other layers can use them too.
import * as z from "zod";
import { defineLayer, type LayerSpec } from "../../layer.js";
import { pathMatcher } from "../../path-patterns.js";
import { layerOption } from "./sequential.js";

/**
 * The layer with its parameters named `<name>.weight`, `<name>.bias` and so on, regardless of its position. Layers that are
 * shared under one name share the parameters with equal names: each is stored once, has the initial values of the first
 * layer, and its gradient is the sum over all uses. The name may also be the path of an earlier layer that is not shared,
 * such as `0`.
 * `parameters` selects the shared parameters by patterns of their names in the layer; the others keep their own paths.
 * With `transposed`, the layer uses the shared matrices transposed, as in the decoder of a tied autoencoder.
 */
export const sharedLayer = defineLayer({
  kind: "shared",
  about: "a layer that shares its parameters with all layers of the same name",
  options: z.object({
    name: z.string().min(1).describe("prefix of the shared parameter names"),
    layer: layerOption.describe("the layer"),
    parameters: z.array(z.string().min(1)).min(1).default(["*"]).describe("patterns of the names to share"),
    transposed: z.boolean().default(false).describe("uses the shared matrices transposed"),
  }),
  build: ({ name, layer, parameters, transposed }, x, context) =>
    context.child(
      { name: "", option: "layer", shared: { path: name, isShared: pathMatcher(parameters), transposed } },
      layer as LayerSpec,
      x,
    ),
});

/**
 * `shared("codes", dense({ units: 64 }), { parameters: ["weight"] })`, and in the decoder
 * `shared("codes", dense({ units: 784 }), { parameters: ["weight"], transposed: true })`.
 */
export function shared(
  name: string,
  layer: LayerSpec,
  options: { readonly parameters?: readonly string[]; readonly transposed?: boolean } = {},
) {
  const { parameters, transposed = false } = options;
  return sharedLayer({ name, layer, transposed, ...(parameters === undefined ? {} : { parameters: [...parameters] }) });
}
