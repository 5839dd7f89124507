// sequential: layers one after the other.
import * as z from "zod";
import type { Tensor } from "../../graph/tensor.js";
import { defineLayer, type LayerSpec } from "../layer.js";

const layerOption = z.custom<LayerSpec>((value) => typeof value === "object" && value !== null && "kind" in value, {
  error: 'a layer: an object with "kind"',
});

/** Layers one after the other; parameters are named `0.weight`, `1.bias`, as PyTorch names them. */
export const sequentialLayer = defineLayer({
  kind: "sequential",
  about: "layers one after the other",
  options: z.object({ layers: z.array(layerOption) }),
  build: ({ layers }, x, context) =>
    layers.reduce(
      (value: Tensor, spec, index) => context.child({ name: `${index}`, option: `layers[${index}]` }, spec, value),
      x,
    ),
});

/** `sequential([dense({ units: 10 }), relu()])`. */
export function sequential(layers: readonly LayerSpec[]) {
  return sequentialLayer({ layers: [...layers] });
}
