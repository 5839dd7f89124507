// Losses: a scalar from the network's output and the targets, averaged over the batch.
import * as z from "zod";
import { define, readSpec } from "../core/definition.js";
import { ShapeError } from "../core/errors.js";
import { sameShape, shapeText } from "../core/shape.js";
import { tensorFrom } from "../core/tensor-data.js";
import { constant } from "../graph/build.js";
import { mul, sub } from "../graph/ops/arithmetic.js";
import { cast } from "../graph/ops/cast.js";
import { equal } from "../graph/ops/comparison.js";
import { argMax, reduceMean, reduceSum } from "../graph/ops/reduction.js";
import { reshape } from "../graph/ops/shape-movement.js";
import { logSoftmax } from "../graph/ops/softmax.js";
import { neg } from "../graph/ops/unary.js";
import type { Tensor } from "../graph/tensor.js";

interface LossPart<S> {
  /** `class` losses take class numbers `int32 [batch]`; `value` losses take float32 of the output's shape. */
  readonly targets: "class" | "value";
  build(spec: S, output: Tensor, targets: Tensor): Tensor;
}

/**
 * Mean over the batch of `-log softmax(logits)[target]`, in nats. logits `[batch, classes]`, targets `int32 [batch]`.
 * It applies softmax itself: feed it logits. Fed probabilities of C classes, it cannot fall below ln(1 + (C-1)/e).
 */
export const crossEntropy = define({
  kind: "crossEntropy",
  about: "negative log likelihood of the target class, from logits",
  options: z.object({}),
  targets: "class" as const,
  build(_spec: object, logits: Tensor, targets: Tensor): Tensor {
    if (logits.shape.length !== 2) {
      throw new ShapeError("crossEntropy needs one row of logits per example", {
        where: "loss (crossEntropy)",
        expected: "an output of shape [batch, classes]",
        received: shapeText(logits.shape),
        remedy: "End the model with flatten() and dense({ units: classes })",
      });
    }
    const picked = mul(logSoftmax(logits, { axis: -1 }), oneHot(targets, logits.shape[1]));
    return neg(reduceMean(reduceSum(picked, [1])));
  },
});

/** Mean over batch and outputs of `(output - target)^2`. */
export const meanSquaredError = define({
  kind: "meanSquaredError",
  about: "mean of squared differences",
  options: z.object({}),
  targets: "value" as const,
  build(_spec: object, output: Tensor, targets: Tensor): Tensor {
    if (!sameShape(output.shape, targets.shape)) {
      // [batch, 1] and [batch] would broadcast to [batch, batch].
      throw new ShapeError("meanSquaredError needs a target for every output", {
        where: "loss (meanSquaredError)",
        expected: "targets of the output's shape",
        received: `output ${shapeText(output.shape)}, targets ${shapeText(targets.shape)}`,
      });
    }
    const difference = sub(output, targets);
    return reduceMean(mul(difference, difference));
  },
});

export const losses = { crossEntropy, meanSquaredError } as const;

export type LossKind = keyof typeof losses;

/** Rows of zeros with a one at the target: `float32 [batch, classes]`. */
function oneHot(targets: Tensor, classes: number): Tensor {
  const numbers = constant(
    tensorFrom(
      "int32",
      [1, classes],
      Array.from({ length: classes }, (_, c) => c),
    ),
  );
  return cast(equal(reshape(targets, [targets.shape[0], 1]), numbers), "float32");
}

/** Number of rows whose largest logit is the target's: a float32 scalar. The first of equal logits counts. */
export function correctCount(logits: Tensor, targets: Tensor): Tensor {
  const predicted = cast(argMax(logits, { axis: 1, keepdims: 0 }), "int32");
  return reduceSum(cast(equal(predicted, targets), "float32"));
}

export interface Loss {
  readonly targets: "class" | "value";
  build(output: Tensor, targets: Tensor): Tensor;
}

/** The loss that a spec stands for. Throws InvalidInputError | UnknownNameError. */
export function lossFunction(spec: unknown): Loss {
  const { definition, spec: complete } = readSpec("loss", "loss", losses, spec);
  const part = definition as unknown as LossPart<unknown>;
  return { targets: part.targets, build: (output, targets) => part.build(complete, output, targets) };
}
