// Activations: the table of non-linearities as layers. All but prelu have no parameters.
import * as z from "zod";
import { ShapeError } from "../core/errors.js";
import { shapeText } from "../core/numbers/shape.js";
import { scalar } from "../graph/build.js";
import * as nodes from "../graph/ops/activation/activation.js";
import { shrink as shrinkNode, swish } from "../graph/ops/activation/shrinking.js";
import * as moreNodes from "../graph/ops/activation/smooth-activations.js";
import * as softmaxNodes from "../graph/ops/reduction/softmax.js";
import type { Tensor } from "../graph/tensor.js";
import { defineLayer } from "./layer.js";
import { prelu } from "./layers/prelu.js";

/** An activation without options. */
function plain<Kind extends string>(
  kind: Kind,
  about: string,
  node: (x: Tensor) => Tensor,
  aliases: readonly string[] = [],
) {
  return defineLayer({ kind, about, aliases, options: z.object({}), build: (_spec, x) => node(x) });
}

/** `max(x, 0)`; its gradient at 0 is 0. */
export const relu = plain("relu", "max(x, 0)", nodes.relu);

/** `min(max(x, 0), 6)`, as in MobileNets; its gradient at 0 is 0, as in PyTorch. */
export const relu6 = defineLayer({
  kind: "relu6",
  about: "min(max(x, 0), 6)",
  options: z.object({}),
  build(_spec, x, { mode }) {
    const six = scalar(6, x.dtype);
    // A single Clip would do, but its gradient at the lower bound is 1.
    return mode === "inference" ? nodes.clip(x, scalar(0, x.dtype), six) : nodes.clip(nodes.relu(x), null, six);
  },
});

/** `x` above 0, `slope * x` below. */
export const leakyRelu = defineLayer({
  kind: "leakyRelu",
  about: "x above 0, slope * x below",
  differs: { Keras: "slope 0.3" },
  options: z.object({
    slope: z
      .number()
      .default(0.01)
      .describe("slope below 0")
      .meta({ aliases: ["negative_slope"] }),
  }),
  build: ({ slope }, x) => nodes.leakyRelu(x, { alpha: slope }),
});

/** `x` above 0, `alpha (e^x - 1)` below (Clevert, Unterthiner and Hochreiter, ICLR 2016). */
export const elu = defineLayer({
  kind: "elu",
  about: "x above 0, alpha (exp(x) - 1) below",
  options: z.object({ alpha: z.number().default(1).describe("negative of the limit for very negative x") }),
  build: (spec, x) => moreNodes.elu(x, { alpha: spec.alpha }),
});

/** As `elu`, but with slope 1 at 0 for every `alpha`: `alpha (e^(x / alpha) - 1)` below 0 (Barron, 2017). */
export const celu = defineLayer({
  kind: "celu",
  about: "x above 0, alpha (exp(x / alpha) - 1) below",
  options: z.object({
    alpha: z
      .number()
      .refine((value) => value !== 0, { error: "a number other than 0" })
      .default(1)
      .describe("negative of the limit for very negative x"),
  }),
  build: (spec, x) => moreNodes.celu(x, { alpha: spec.alpha }),
});

// The exact constants (Klambauer and others, NeurIPS 2017, appendix); ONNX's defaults are these in float32.
const seluConstants = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

/** `1.0507 elu(x)` with alpha 1.6733, which keeps mean 0 and variance 1. For `lecunNormal` weights. */
export const selu = plain("selu", "a scaled elu that keeps mean 0 and variance 1", (x) =>
  moreNodes.selu(x, seluConstants),
);

/** `x` above `alpha`, 0 elsewhere: PyTorch's `Threshold(alpha, 0)`. */
export const thresholdedRelu = defineLayer({
  kind: "thresholdedRelu",
  about: "x above alpha, 0 elsewhere",
  options: z.object({
    alpha: z
      .number()
      .default(1)
      .describe("values up to it become 0")
      .meta({ aliases: ["theta"] }),
  }),
  build: (spec, x) => moreNodes.thresholdedRelu(x, { alpha: spec.alpha }),
});

/**
 * `x` moved toward 0 by `bias` where its magnitude exceeds `threshold`, 0 elsewhere: PyTorch's `Hardshrink`, and
 * its `Softshrink` if both are equal.
 */
export const shrink = defineLayer({
  kind: "shrink",
  about: "0 within a threshold; beyond it, x moved toward 0 by a bias",
  aliases: ["Hardshrink"],
  options: z.object({
    threshold: z
      .number()
      .min(0)
      .default(0.5)
      .describe("values within this distance of 0 become 0")
      .meta({ aliases: ["lambd"] }),
    bias: z.number().default(0).describe("subtracted from the magnitude of the others"),
  }),
  build: ({ threshold, bias }, x) => shrinkNode(x, { lambd: threshold, bias }),
});

/** `x` times the normal distribution function of x, or its form by tanh (Hendrycks and Gimpel, 2016). */
export const gelu = defineLayer({
  kind: "gelu",
  about: "x times the standard normal distribution function of x",
  options: z.object({
    approximate: z
      .enum(["none", "tanh"])
      .default("none")
      .describe("none: exact; tanh: the approximation of early models"),
  }),
  build: ({ approximate }, x) => moreNodes.gelu(x, { approximate }),
});

/** `x sigmoid(x)`, also called swish (Ramachandran, Zoph and Le, 2017). */
export const silu = plain("silu", "x sigmoid(x), also called swish", (x) => swish(x), ["swish"]);

/** `x tanh(softplus(x))` (Misra, BMVC 2020). */
export const mish = plain("mish", "x tanh(softplus(x))", moreNodes.mish);

/** `x` times `hardSigmoid(x)` (Howard and others, ICCV 2019). */
export const hardSwish = plain("hardSwish", "x min(max(x / 6 + 1/2, 0), 1)", moreNodes.hardSwish, ["hard_silu"]);

/** `log(1 + e^x)`, without overflow. */
export const softplus = plain("softplus", "log(1 + exp(x))", nodes.softplus);

/** `x / (1 + |x|)`. */
export const softsign = plain("softsign", "x / (1 + |x|)", moreNodes.softsign);

/** Hyperbolic tangent. */
export const tanh = plain("tanh", "hyperbolic tangent", nodes.tanh);

/** `1 / (1 + e^-x)`. */
export const sigmoid = plain("sigmoid", "1 / (1 + exp(-x))", nodes.sigmoid);

/** `alpha x + beta`, clipped to [0, 1]. The defaults are PyTorch's; ONNX and early Keras have slope 0.2. */
export const hardSigmoid = defineLayer({
  kind: "hardSigmoid",
  about: "alpha x + beta, clipped to [0, 1]",
  options: z.object({
    alpha: z
      .number()
      .default(1 / 6)
      .describe("slope in the middle"),
    beta: z.number().default(0.5).describe("value at 0"),
  }),
  build: ({ alpha, beta }, x) => moreNodes.hardSigmoid(x, { alpha, beta }),
});

const axisOptions = z.object({
  axis: z
    .int()
    .default(-1)
    .describe("axis of the classes; axis 0 is the batch")
    .meta({ aliases: ["dim"] }),
});

/** Classes may be on any axis except the batch. */
function classAxis({ axis }: z.output<typeof axisOptions>, x: Tensor, where: string): number {
  const rank = x.shape.length;
  if (axis < rank && axis > -rank && axis !== 0) return axis;
  throw new ShapeError("there are no classes on this axis", {
    where,
    expected: `an axis from 1 to ${rank - 1} or from ${1 - rank} to -1, of an input ${shapeText(x.shape)}`,
    received: `${axis}`,
  });
}

/**
 * `e^x / sum e^x` over one axis, the last by default. Do not use it before `crossEntropy`, which applies it itself: two
 * in a row bound the loss of C classes below by ln(1 + (C-1)/e).
 */
export const softmax = defineLayer({
  kind: "softmax",
  about: "probabilities over one axis (crossEntropy applies it itself)",
  options: axisOptions,
  build: (spec, x, { where }) => softmaxNodes.softmax(x, { axis: classAxis(spec, x, where) }),
});

/** `x - log sum e^x` over one axis, the last by default. For `negativeLogLikelihood`. */
export const logSoftmax = defineLayer({
  kind: "logSoftmax",
  about: "logarithms of probabilities over one axis, for negativeLogLikelihood",
  options: axisOptions,
  build: (spec, x, { where }) => softmaxNodes.logSoftmax(x, { axis: classAxis(spec, x, where) }),
});

export const activations = {
  relu,
  relu6,
  leakyRelu,
  prelu,
  elu,
  celu,
  selu,
  thresholdedRelu,
  shrink,
  gelu,
  silu,
  mish,
  hardSwish,
  softplus,
  softsign,
  tanh,
  sigmoid,
  hardSigmoid,
  softmax,
  logSoftmax,
} as const;
