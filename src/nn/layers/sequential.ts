// sequential: layers one after the other.
import { z } from "zod";
import type { Tensor } from "../../graph/tensor.js";
import { type LayerSpec, defineLayer } from "../layer.js";

const options = z.object({ layers: z.array(z.custom<LayerSpec>((value) => typeof value === "object" && value !== null && "kind" in value, "expected a layer")) });

/** Layers one after the other; parameters are named `0.weight`, `1.bias`, as PyTorch names them. */
export const sequentialLayer = defineLayer({
  kind: "sequential",
  about: "layers one after the other",
  options,
  build: ({ layers }, x, context) => layers.reduce((value: Tensor, spec, index) => context.child(`${index}`, spec, value), x),
});

/** `sequential([dense({ units: 10 }), relu()])`. */
export function sequential(layers: readonly LayerSpec[]) {
  return sequentialLayer({ layers: [...layers] });
}
