// AlexNet in one tower.
import * as z from "zod";
import { define } from "../../core/definition.js";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { maxPool2d } from "../layers/pooling.js";
import { sequential } from "../layers/sequential.js";

const options = z.object({
  classes: z.int().positive().default(1000),
  /** `imagenet` begins with 11 x 11 filters, 4 apart, for 227 x 227 images; `small` with 5 x 5 ones for about 32 x 32. */
  stem: z.enum(["imagenet", "small"]).default("imagenet"),
  /** All numbers of filters and hidden units are multiplied by it. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.5),
});

/**
 * AlexNet (Krizhevsky, Sutskever and Hinton, NeurIPS 2012) without the division over two GPUs and without local response
 * normalization: 62,378,344 parameters for 227 x 227 images. (The published network, with convolutions 2, 4 and 5 in
 * two groups, has 60,965,224.)
 */
export const alexnet = define({
  kind: "alexnet",
  about: "AlexNet in one tower; stem small for images of about 32 x 32",
  options,
  inputShape: [3, 227, 227],
  model({ classes, stem, width, dropout: rate }: z.output<typeof options>): LayerSpec {
    const scaled = (count: number): number => Math.max(1, Math.round(width * count));
    const convolution = (count: number, kernel: number, padding: number, stride = 1): LayerSpec[] => [
      conv2d({ filters: scaled(count), kernel, padding, stride }),
      relu(),
    ];
    const pool = maxPool2d({ kernel: 3, stride: 2 });
    return sequential([
      ...(stem === "imagenet" ? convolution(96, 11, 0, 4) : convolution(96, 5, 2)),
      pool,
      ...convolution(256, 5, 2),
      pool,
      ...convolution(384, 3, 1),
      ...convolution(384, 3, 1),
      ...convolution(256, 3, 1),
      pool,
      flatten(),
      ...[4096, 4096].flatMap((units) => [dense({ units: scaled(units) }), relu(), dropout({ rate })]),
      dense({ units: classes }),
    ]);
  },
});
