// parallel: branches over the same input, whose outputs are joined.
import * as z from "zod";
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { sameShape, shapeText } from "../../../core/numbers/shape.js";
import { add, mul } from "../../../graph/ops/elementwise/arithmetic.js";
import { concat } from "../../../graph/ops/movement/slicing.js";
import type { Tensor } from "../../../graph/tensor.js";
import { defineLayer, type LayerSpec } from "../../layer.js";
import { layerOption } from "./sequential.js";

/**
 * Applies every branch to the same input and concatenates the results along the channels (axis 1), or adds or multiplies
 * them. Parameters are named by branch, `0.weight`, `1.bias`, or by `names`: one per branch, `""` for a branch whose
 * parameters keep their own names.
 */
export const parallelLayer = defineLayer({
  kind: "parallel",
  about: "branches over the same input, joined along the channels, added or multiplied",
  options: z.object({
    branches: z.array(layerOption).min(1).describe("layers with the same input"),
    join: z.enum(["concat", "sum", "product"]).default("concat").describe("how their outputs are combined"),
    names: z.array(z.string()).optional().describe("prefixes of their parameter names; default: 0, 1, ..."),
  }),
  build({ branches, join, names }, x, context) {
    if (names !== undefined && names.length !== branches.length) {
      throw new InvalidInputError("every branch needs a name, or none", {
        where: `${context.where}, names`,
        expected: `${branches.length} names`,
        received: `${names.length}`,
      });
    }
    const outputs = branches.map((spec, i) =>
      context.child({ name: names?.[i] ?? `${i}`, option: `branches[${i}]` }, spec as LayerSpec, x),
    );
    checkShapes(context.where, outputs, join === "concat");
    if (join === "concat") return concat(outputs, { axis: 1 });
    const combine = join === "sum" ? add : mul;
    return outputs.reduce((total: Tensor, output) => combine(total, output));
  },
});

/** `parallel([conv2d({ filters: 32, kernel: 1 }), conv2d({ filters: 32, kernel: 3, padding: 1 })])`. */
export function parallel(
  branches: readonly LayerSpec[],
  { names, ...options }: { join?: "concat" | "sum" | "product"; names?: readonly string[] } = {},
) {
  return parallelLayer({ branches: [...branches], ...options, ...(names === undefined ? {} : { names: [...names] }) });
}

/** Output shapes must be equal, except for the channels if they are concatenated. */
function checkShapes(where: string, outputs: readonly Tensor[], byChannels: boolean): void {
  const [first] = outputs;
  if (byChannels && first.shape.length < 2)
    throw new InvalidInputError("there are no channels to join", { where, received: shapeText(first.shape) });
  const relevant = ({ shape }: Tensor) => (byChannels ? shape.filter((_, axis) => axis !== 1) : shape);
  const other = outputs.findIndex((output) => !sameShape(relevant(output), relevant(first)));
  if (other === -1) return;
  throw new ShapeError("branches do not fit together", {
    where: `${where}, branches[${other}]`,
    expected: `an output like that of branches[0], ${shapeText(first.shape)}${byChannels ? " but for the channels" : ""}`,
    received: shapeText(outputs[other].shape),
  });
}
