// The two inception modules of GoogLeNet's paper (figure 2): the naive one, and the one with 1 x 1 reductions.
import * as z from "zod";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { parallel } from "../layers/containers/parallel.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { maxPool2d } from "../layers/pooling.js";
import { defineModel } from "./model.js";

const filters = z.int().positive();

const naiveOptions = z.object({
  /** Filters of 1 x 1, 3 x 3 and 5 x 5; by default those of GoogLeNet's module 3b. */
  ones: filters.default(128),
  threes: filters.default(192),
  fives: filters.default(96),
  bias: z.boolean().default(false),
});

const reducedOptions = naiveOptions.extend({
  /** Filters of the 1 x 1 convolutions before 3 x 3 and 5 x 5, and after the pooling. */
  reduceThrees: filters.default(128),
  reduceFives: filters.default(32),
  pooled: filters.default(64),
});

const names = ["branch1", "branch2", "branch3", "branch4"];

function convolution(count: number, kernel: number, bias: boolean): LayerSpec {
  return conv2d({ filters: count, kernel, padding: (kernel - 1) / 2, bias });
}

const pool = (): LayerSpec => maxPool2d({ kernel: 3, stride: 1, padding: 1 });

/**
 * 1 x 1, 3 x 3, 5 x 5 and pooling in parallel (Szegedy et al., CVPR 2015, figure 2a). The output cannot have fewer
 * channels than the input, because it contains the pooled input.
 */
export const inceptionNaive = defineModel({
  kind: "inceptionNaive",
  about: "an inception module without reductions, on 32 x 32 x 256",
  options: naiveOptions,
  inputShape: [256, 32, 32],
  source: "Szegedy et al., CVPR 2015, figure 2a",
  model: ({ ones, threes, fives, bias }: z.output<typeof naiveOptions>): LayerSpec =>
    parallel(
      [
        sequential([convolution(ones, 1, bias), relu()]),
        sequential([convolution(threes, 3, bias), relu()]),
        sequential([convolution(fives, 5, bias), relu()]),
        pool(),
      ],
      { names },
    ),
});

/** The same with 1 x 1 convolutions that reduce the channels (figure 2b). */
export const inceptionReduced = defineModel({
  kind: "inceptionReduced",
  about: "an inception module with 1 x 1 reductions, on 32 x 32 x 256",
  options: reducedOptions,
  inputShape: [256, 32, 32],
  source: "Szegedy et al., CVPR 2015, figure 2b",
  model({ ones, threes, fives, reduceThrees, reduceFives, pooled, bias }: z.output<typeof reducedOptions>): LayerSpec {
    const both = (before: number, count: number, kernel: number): LayerSpec =>
      sequential([convolution(before, 1, bias), relu(), convolution(count, kernel, bias), relu()]);
    return parallel(
      [
        sequential([convolution(ones, 1, bias), relu()]),
        both(reduceThrees, threes, 3),
        both(reduceFives, fives, 5),
        sequential([pool(), convolution(pooled, 1, bias), relu()]),
      ],
      { names },
    );
  },
});
