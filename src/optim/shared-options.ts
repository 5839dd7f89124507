// Options that many optimizers have under one name, with the names that PyTorch and Keras give them.
import * as z from "zod";

/** The size of a step. @param preset its default. */
export const learningRate = (preset: number, about = "size of a step") =>
  z
    .number()
    .nonnegative()
    .default(preset)
    .describe(about)
    .meta({ aliases: ["lr"] });

/** What keeps a divisor away from 0. @param preset its default. */
export const epsilon = (preset: number) =>
  z
    .number()
    .nonnegative()
    .default(preset)
    .describe("added to the denominator")
    .meta({ aliases: ["eps"] });

/** The decay of a mean of gradients. @param preset its default. */
export const firstDecay = (preset: number, about: string) =>
  z
    .number()
    .min(0)
    .lt(1)
    .default(preset)
    .describe(about)
    .meta({ aliases: ["beta1", "betas[0]"] });

/** The decay of a mean of squared gradients, or the slower of two. @param preset its default. */
export const secondDecay = (preset: number, about: string) =>
  z
    .number()
    .min(0)
    .lt(1)
    .default(preset)
    .describe(about)
    .meta({ aliases: ["beta2", "betas[1]"] });
