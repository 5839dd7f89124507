// maxPool2d and averagePool2d: one number from every window.
import * as z from "zod";
import { averagePool, maxPool } from "../../graph/ops/pooling.js";
import { defineLayer } from "../layer.js";
import { pair, pairOption } from "../pair.js";

const options = z.object({
  kernel: pairOption(1),
  /** The kernel's size unless given: windows do not overlap. */
  stride: pairOption(1).optional(),
  padding: pairOption(0).default(0),
});

function windowOf(spec: z.output<typeof options>) {
  const [top, left] = pair(spec.padding);
  return { kernel_shape: pair(spec.kernel), strides: pair(spec.stride ?? spec.kernel), pads: [top, left, top, left] };
}

/** Largest value of each window. x `[batch, channels, height, width]`. */
export const maxPool2d = defineLayer({
  kind: "maxPool2d",
  about: "largest value of each window",
  options,
  build: (spec, x) => maxPool(x, windowOf(spec)),
});

/** Mean of each window; padding counts as zeros, as in PyTorch. x `[batch, channels, height, width]`. */
export const averagePool2d = defineLayer({
  kind: "averagePool2d",
  about: "mean of each window",
  options,
  build: (spec, x) => averagePool(x, { ...windowOf(spec), count_include_pad: 1 }),
});
