// shared: a layer whose parameters are kept under a name of their own, so that others can use the same.
import * as z from "zod";
import { defineLayer, type LayerSpec } from "../../layer.js";
import { pathMatcher } from "../../path-patterns.js";
import { layerOption } from "./sequential.js";

/**
 * The layer as it is, but its parameters are kept as `<name>.weight`, `<name>.bias` and so on, wherever it stands. Layers
 * that are shared under one name have one parameter where their names meet: it is stored once, its initial values are
 * those of the layer that comes first, and its gradient is the sum over all its uses. A name may also be the path of a
 * layer that is not shared, `0` say, if that stands earlier.
 * `parameters` says which are shared, with patterns of names in the layer; the others stay where the layer stands.
 * With `transposed`, the layer sees the uses the shared matrices transposed: the way back through the same weights.
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
 * `shared("codes", dense({ units: 64 }), { parameters: ["weight"] })`, and on the way back
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
