// Activations: element-wise non-linearities as layers without parameters, and softmax.
import * as z from "zod";
import {
  leakyRelu as leakyReluNode,
  relu as reluNode,
  sigmoid as sigmoidNode,
  tanh as tanhNode,
} from "../graph/ops/activation.js";
import { softmax as softmaxNode } from "../graph/ops/softmax.js";
import { defineLayer } from "./layer.js";

/** `max(x, 0)`; its gradient at 0 is 0. */
export const relu = defineLayer({
  kind: "relu",
  about: "max(x, 0)",
  options: z.object({}),
  build: (_spec, x) => reluNode(x),
});

/** `x` above 0, `slope * x` below. */
export const leakyRelu = defineLayer({
  kind: "leakyRelu",
  about: "x above 0, slope * x below",
  options: z.object({ slope: z.number().default(0.01) }),
  build: ({ slope }, x) => leakyReluNode(x, { alpha: slope }),
});

/** Hyperbolic tangent. */
export const tanh = defineLayer({
  kind: "tanh",
  about: "hyperbolic tangent",
  options: z.object({}),
  build: (_spec, x) => tanhNode(x),
});

/** `1 / (1 + e^-x)`. */
export const sigmoid = defineLayer({
  kind: "sigmoid",
  about: "1 / (1 + exp(-x))",
  options: z.object({}),
  build: (_spec, x) => sigmoidNode(x),
});

/**
 * `e^x / sum e^x` over the last axis. Not for use before `crossEntropy`, which applies it itself: two in a row
 * put a floor of ln(1 + (C-1)/e) under the loss of C classes.
 */
export const softmax = defineLayer({
  kind: "softmax",
  about: "probabilities over the last axis (crossEntropy applies it itself)",
  options: z.object({}),
  build: (_spec, x) => softmaxNode(x, { axis: -1 }),
});

export const activations = { relu, leakyRelu, tanh, sigmoid, softmax } as const;
