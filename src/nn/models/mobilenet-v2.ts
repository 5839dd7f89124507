// MobileNetV2: inverted residuals with depthwise convolutions.
import * as z from "zod";
import { relu6 } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { residual } from "../layers/containers/residual.js";
import { sequential } from "../layers/containers/sequential.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { type ConvolutionShape, convNorm } from "./conv-norm.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(1000)
    .meta({ aliases: ["num_classes"] }),
  /** Multiplies all filter counts, rounded to multiples of 8. */
  width: z.number().positive().default(1),
  dropout: z.number().min(0).lt(1).default(0.2),
});

/** Expansion, filters, repetitions, stride of the first: the paper's table 2. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The nearest multiple of 8 that is at most a tenth smaller, like the rounding in the authors' code. */
function rounded(filters: number): number {
  const nearest = Math.max(8, Math.floor((filters + 4) / 8) * 8);
  return nearest < 0.9 * filters ? nearest + 8 : nearest;
}

const block = (filters: number, shape: ConvolutionShape): LayerSpec =>
  sequential([...convNorm(filters, shape), relu6()]);

/**
 * 1 x 1 expansion, 3 x 3 depthwise, 1 x 1 projection without activation; with a shortcut if the shape does not change.
 */
function inverted(channels: number, filters: number, expansion: number, stride: number): LayerSpec {
  const hidden = channels * expansion;
  const conv = sequential([
    ...(expansion === 1 ? [] : [block(hidden, { kernel: 1 })]),
    block(hidden, { kernel: 3, stride, groups: hidden }),
    ...convNorm(filters, { kernel: 1 }),
  ]);
  const named = sequential([conv], { names: ["conv"] });
  return stride === 1 && channels === filters ? residual({ branch: named }) : named;
}

/** MobileNetV2 (Sandler et al., CVPR 2018): 3,504,872 parameters for 1,000 classes, named as in torchvision. */
export const mobilenetV2 = defineModel({
  kind: "mobilenetV2",
  about: "MobileNetV2",
  options,
  inputShape: [3, 224, 224],
  source: "Sandler, Howard, Zhu, Zhmoginov and Chen, CVPR 2018",
  model({ classes, width, dropout: rate }: z.output<typeof options>): LayerSpec {
    const first = rounded(32 * width);
    const last = rounded(1280 * Math.max(1, width));
    let channels = first;
    const blocks = stages.flatMap(([expansion, base, repetitions, stride]) =>
      Array.from({ length: repetitions }, (_, i) => {
        const filters = rounded(base * width);
        const made = inverted(channels, filters, expansion, i === 0 ? stride : 1);
        channels = filters;
        return made;
      }),
    );
    const features = sequential([block(first, { kernel: 3, stride: 2 }), ...blocks, block(last, { kernel: 1 })]);
    return sequential([features, globalAveragePool(), sequential([dropout({ rate }), dense({ units: classes })])], {
      names: ["features", "avgpool", "classifier"],
    });
  },
});
