// sequential: layers one after the other.
import * as z from "zod";
import { InvalidInputError } from "../../../core/errors.js";
import type { Tensor } from "../../../graph/tensor.js";
import { defineLayer, type LayerSpec } from "../../layer.js";

/** A layer as an option of another layer. */
export const layerOption = z.custom<LayerSpec>(
  (value) => typeof value === "object" && value !== null && "kind" in value,
  { error: 'a layer: an object with "kind"' },
);

/**
 * Layers one after the other. Parameters are named `0.weight`, `1.bias`, as in PyTorch, or by `names`: one per layer, `""`
 * for a layer whose parameters keep their own names.
 */
export const sequentialLayer = defineLayer({
  kind: "sequential",
  about: "layers one after the other",
  options: z.object({
    layers: z.array(layerOption).describe("one after the other"),
    names: z.array(z.string()).optional().describe("prefixes of their parameter names; default: 0, 1, ..."),
  }),
  build({ layers, names }, x, context) {
    if (names !== undefined && names.length !== layers.length) {
      throw new InvalidInputError("every layer needs a name, or none", {
        where: `${context.where}, names`,
        expected: `${layers.length} names`,
        received: `${names.length}`,
      });
    }
    return layers.reduce(
      (value: Tensor, spec, index) =>
        context.child({ name: names?.[index] ?? `${index}`, option: `layers[${index}]` }, spec, value),
      x,
    );
  },
});

/** `sequential([dense({ units: 10 }), relu()])`. */
export function sequential(layers: readonly LayerSpec[], { names }: { readonly names?: readonly string[] } = {}) {
  return sequentialLayer({ layers: [...layers], ...(names === undefined ? {} : { names: [...names] }) });
}
