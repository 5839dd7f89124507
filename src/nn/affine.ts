// The scale and shift after a normalization, as options and as parameters.
import * as z from "zod";
import type { Shape } from "../core/numbers/shape.js";
import type { Tensor } from "../graph/tensor.js";
import type { BuildContext } from "./layer.js";

/** The epsilon of all normalizations within an example. */
export const epsilonOption = z
  .number()
  .min(0)
  .default(1e-5)
  .describe("added to the variance")
  .meta({ aliases: ["eps"] });

/** Whether there are scales (`weight`, initially 1) and shifts (`bias`, initially 0). */
export const affineOption = (preset: boolean) =>
  z
    .boolean()
    .default(preset)
    .describe("trained scales and shifts afterwards")
    .meta({ aliases: ["elementwise_affine"] });

// Scales and shifts are constants initially, so their fans do not matter.
const fans = { fanIn: 1, fanOut: 1 };

export function trainedScale(context: BuildContext, shape: Shape): Tensor {
  return context.parameter("weight", shape, "scale", { kind: "constant", value: 1 }, fans);
}

export function trainedShift(context: BuildContext, shape: Shape): Tensor {
  return context.parameter("bias", shape, "shift", { kind: "constant", value: 0 }, fans);
}
