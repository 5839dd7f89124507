// Initializers that scale weights by their fans, so that signals neither vanish nor grow.
import * as z from "zod";
import { truncatedValues } from "./distributions.js";
import { type FanMode, fanModes, fanOf } from "./fans.js";
import { gainOption, gainValue } from "./gain.js";
import { defineInitializer, normalValues, uniformValues } from "./initializer.js";

const fanMode = (preset: FanMode) =>
  z
    .enum(fanModes)
    .default(preset)
    .describe("fan that divides the variance: of inputs, of outputs, or their mean")
    .meta({ aliases: ["mode"] });

/** Standard deviation of a standard normal truncated at two deviations: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)). */
const cutDeviation = 0.8796256610342398;

const normalOptions = (gain: number, mode: FanMode) =>
  z.object({
    gain: gainOption(gain),
    fanMode: fanMode(mode),
    truncated: z
      .boolean()
      .default(false)
      .describe("truncated at two standard deviations and rescaled to the same variance, as in Keras"),
  });

const uniformOptions = (gain: number, mode: FanMode) => z.object({ gain: gainOption(gain), fanMode: fanMode(mode) });

/** Normal with a given deviation, or truncated at two deviations and rescaled to the same variance. */
const spread = (deviation: number, truncated: boolean) =>
  truncated
    ? truncatedValues({ mean: 0, deviation: deviation / cutDeviation, low: -2, high: 2 })
    : normalValues(deviation);

/** N(0, gain^2 / fan), by default 2 / (fanIn + fanOut). Glorot and Bengio, AISTATS 2010, equation 12. */
export const glorotNormal = defineInitializer({
  kind: "glorotNormal",
  about: "normal with variance 2 / (fanIn + fanOut)",
  aliases: ["xavier_normal"],
  differs: { Keras: "truncated at two standard deviations (truncated)" },
  options: normalOptions(1, "fanAvg"),
  sampler: ({ gain, fanMode, truncated }, { fans }) =>
    spread(gainValue(gain) * Math.sqrt(1 / fanOf(fans, fanMode)), truncated),
});

/** U(-a, a), a = gain sqrt(3 / fan), by default sqrt(6 / (fanIn + fanOut)). The same paper, equation 16. */
export const glorotUniform = defineInitializer({
  kind: "glorotUniform",
  about: "uniform with variance 2 / (fanIn + fanOut)",
  aliases: ["xavier_uniform"],
  options: uniformOptions(1, "fanAvg"),
  sampler: ({ gain, fanMode }, { fans }) => uniformValues(gainValue(gain) * Math.sqrt(3 / fanOf(fans, fanMode))),
});

/** N(0, gain^2 / fan), by default 2 / fanIn. He, Zhang, Ren and Sun, ICCV 2015, equation 10. */
export const heNormal = defineInitializer({
  kind: "heNormal",
  about: "normal with variance 2 / fanIn, for ReLU networks",
  aliases: ["kaiming_normal"],
  differs: { Keras: "truncated at two standard deviations (truncated)" },
  options: normalOptions(Math.SQRT2, "fanIn"),
  sampler: ({ gain, fanMode, truncated }, { fans }) =>
    spread(gainValue(gain) / Math.sqrt(fanOf(fans, fanMode)), truncated),
});

/** U(-a, a), a = gain sqrt(3 / fan), by default sqrt(6 / fanIn): the variance of `heNormal`. */
export const heUniform = defineInitializer({
  kind: "heUniform",
  about: "uniform with variance 2 / fanIn, for ReLU networks",
  aliases: ["kaiming_uniform"],
  options: uniformOptions(Math.SQRT2, "fanIn"),
  sampler: ({ gain, fanMode }, { fans }) => uniformValues(gainValue(gain) * Math.sqrt(3 / fanOf(fans, fanMode))),
});

/**
 * N(0, gain^2 / fan), by default 1 / fanIn. LeCun, Bottou, Orr and Mueller, "Efficient BackProp", 1998, section 4.6.
 */
export const lecunNormal = defineInitializer({
  kind: "lecunNormal",
  about: "normal with variance 1 / fanIn, for SELU and linear networks",
  differs: { Keras: "truncated at two standard deviations (truncated)" },
  options: normalOptions(1, "fanIn"),
  sampler: ({ gain, fanMode, truncated }, { fans }) =>
    spread(gainValue(gain) / Math.sqrt(fanOf(fans, fanMode)), truncated),
});

/** U(-a, a), a = gain sqrt(3 / fan), by default sqrt(3 / fanIn): the variance of `lecunNormal`. */
export const lecunUniform = defineInitializer({
  kind: "lecunUniform",
  about: "uniform with variance 1 / fanIn, for SELU and linear networks",
  options: uniformOptions(1, "fanIn"),
  sampler: ({ gain, fanMode }, { fans }) => uniformValues(gainValue(gain) * Math.sqrt(3 / fanOf(fans, fanMode))),
});

/**
 * U(-1/sqrt(fanIn), 1/sqrt(fanIn)): PyTorch 2's default for weights and biases of linear and convolution layers
 * (its `kaiming_uniform_` with a = sqrt 5 has this bound).
 */
export const torchDefault = defineInitializer({
  kind: "torchDefault",
  about: "uniform within 1 / sqrt(fanIn), the default of PyTorch for weights and biases",
  options: z.object({}),
  sampler:
    (_spec, { fans }) =>
    ({ own }) =>
    (index) =>
      (2 * own.uniform(index) - 1) / Math.sqrt(fans.fanIn),
});
