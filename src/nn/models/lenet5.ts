// LeNet-5 as it is taught today, and as a lab report coded it.
import * as z from "zod";
import { relu, softmax, tanh } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { batchNorm } from "../layers/normalization/batch-norm.js";
import { averagePool2d, maxPool2d } from "../layers/pooling.js";
import { defineModel } from "./model.js";

const lenetOptions = z.object({
  /** Batch normalization: nowhere, after every hidden linear map, or on the input too. */
  batchNorm: z.enum(["none", "hidden", "everywhere"]).default("none"),
  /** Dropout of the inputs (0.2) and after every hidden activation (0.5). */
  dropout: z.boolean().default(false),
  classes: z
    .int()
    .positive()
    .default(10)
    .meta({ aliases: ["num_classes"] }),
});

type LenetSpec = z.output<typeof lenetOptions>;

/** Layers shared by both forms: before the first layer and around each activation. */
function lenetPieces(spec: LenetSpec) {
  const normalized = spec.batchNorm === "none" ? [] : [batchNorm()];
  return {
    entry: [
      ...(spec.batchNorm === "everywhere" ? [batchNorm()] : []),
      ...(spec.dropout ? [dropout({ rate: 0.2 })] : []),
    ],
    normalized,
    dropped: spec.dropout ? [dropout({ rate: 0.5 })] : [],
  };
}

/**
 * LeNet-5 (LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86(11), 1998) in its modern form: ReLU, max-pooling, full
 * connections. 28 x 28 images, 61,706 parameters. Batch normalization comes before the activation (Ioffe and Szegedy,
 * ICML 2015), dropout after the pooling. Before the pooling, the largest of four values of which half are dropped and
 * the rest doubled would be nearly twice that of inference, so the running statistics of the next normalization would
 * be wrong.
 */
export const lenet5 = defineModel({
  kind: "lenet5",
  about: "LeNet-5 with ReLU and max-pooling, for 28 x 28 images",
  options: lenetOptions,
  inputShape: [1, 28, 28],
  source: "LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86(11), 1998",
  model(spec: LenetSpec): LayerSpec {
    const { entry, normalized, dropped } = lenetPieces(spec);
    const hidden = (layer: LayerSpec) => [layer, ...normalized, relu()];
    return sequential([
      ...entry,
      ...hidden(conv2d({ filters: 6, kernel: 5, padding: 2 })),
      maxPool2d({ kernel: 2 }),
      ...dropped,
      ...hidden(conv2d({ filters: 16, kernel: 5 })),
      maxPool2d({ kernel: 2 }),
      ...dropped,
      flatten(),
      ...hidden(dense({ units: 120 })),
      ...dropped,
      ...hidden(dense({ units: 84 })),
      ...dropped,
      dense({ units: spec.classes }),
    ]);
  },
});

/**
 * LeNet-5 as a published lab report coded it: tanh, average pooling, batch normalization *after* the activation, and a
 * softmax at the end although the loss applies one too. Kept to show the effect; not for real use.
 */
export const lenet5AsCoded = defineModel({
  kind: "lenet5AsCoded",
  about: "LeNet-5 with the faults of a lab report (softmax before the loss), for comparison",
  options: lenetOptions,
  inputShape: [1, 28, 28],
  model(spec: LenetSpec): LayerSpec {
    const { entry, normalized, dropped } = lenetPieces(spec);
    const hidden = (layer: LayerSpec) => [layer, tanh(), ...normalized, ...dropped];
    return sequential([
      ...entry,
      ...hidden(conv2d({ filters: 6, kernel: 5, padding: 2 })),
      averagePool2d({ kernel: 2 }),
      ...hidden(conv2d({ filters: 16, kernel: 5 })),
      averagePool2d({ kernel: 2 }),
      ...hidden(conv2d({ filters: 120, kernel: 5 })),
      flatten(),
      ...hidden(dense({ units: 84 })),
      dense({ units: spec.classes }),
      softmax(),
    ]);
  },
});
