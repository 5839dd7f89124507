// Forms of operators that behave differently in training and inference: BatchNormalization and Dropout.
import { InvalidInputError } from "../../core/errors.js";
import { sizeOf } from "../../core/numbers/shape.js";
import { constantValue, scalar } from "../../graph/build.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { expand } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import { integer } from "../file/read-values.js";
import type { NodeCall, NodeForm } from "./node-form.js";
import { shortest } from "./read-attribute.js";

/** Whether a BatchNormalization of the file uses the statistics of the batch. */
export function isTrainingNormalization({ attribute, opset, node }: NodeCall): boolean {
  // Before operator set 14, the number of outputs decides.
  return opset < 14 ? node.output.length > 1 : attribute("training_mode")?.i === 1n;
}

/** `momentum` of a BatchNormalization: the fraction of the running statistics that is kept at every update. */
export function keptShare({ attribute }: NodeCall): number {
  return shortest(attribute("momentum")?.f ?? 0.9);
}

/** The fraction of values that a Dropout zeroes in training: an attribute until operator set 11, then an input. */
export function dropoutRatio({ attribute, inputs, opset, where }: NodeCall): number {
  if (opset < 12) return shortest(attribute("ratio")?.f ?? 0.5);
  const ratio = inputs[1] ?? undefined;
  if (ratio === undefined) return 0.5;
  const value = constantValue(ratio);
  if (value === undefined) throw new InvalidInputError("the ratio of a Dropout must be a constant", { where });
  return shortest(value.data[0]);
}

/** The outputs of a Dropout that drops nothing. */
export function droppedNothing({ inputs: [x], node }: NodeCall): readonly Tensor[] {
  const given = x as Tensor;
  return [given, ...((node.output[1] ?? "") === "" ? [] : [expand(scalar(1, "bool"), given.shape)])];
}

/** Whether the file declares a Dropout active. */
function isActive(call: NodeCall): boolean {
  const flag = call.inputs[2] ?? undefined;
  if (flag === undefined) return false;
  const value = constantValue(flag);
  if (value === undefined)
    throw new InvalidInputError("training_mode of a Dropout must be a constant", { where: call.where });
  return value.data[0] !== 0 && dropoutRatio(call) !== 0;
}

const withoutSpatial = (call: NodeCall): void => {
  const spatial = call.attribute("spatial");
  if (spatial === undefined || integer(call.where, spatial.i) === 1) return;
  throw new InvalidInputError("statistics for every position are not supported", {
    where: call.where,
    expected: "spatial = 1",
    received: `${spatial.i}`,
  });
};

const normalizationAttributes = ["spatial", "is_test", "consumed_inputs"];
const dropoutAttributes = ["ratio", "seed", "is_test", "consumed_inputs"];

/** Follows the specification. An active Dropout is refused, since its random numbers are unknown. */
export const exactModeForms: Readonly<Record<string, NodeForm>> = {
  BatchNormalization: {
    attributes: normalizationAttributes,
    read(call) {
      withoutSpatial(call);
      if (!isTrainingNormalization(call)) return call.record(call.inputs, { training_mode: 0 });
      const [y, mean, variance] = call.record(call.inputs, { momentum: 0, training_mode: 1 });
      const kept = keptShare(call);
      const moved = (running: Tensor | null | undefined, batch: Tensor): Tensor =>
        add(mul(running as Tensor, scalar(kept, batch.dtype)), mul(batch, scalar(1 - kept, batch.dtype)));
      const running = [moved(call.inputs[3], mean), moved(call.inputs[4], variance)];
      return [y, ...running, mean, variance];
    },
  },
  Dropout: {
    op: "Identity",
    attributes: dropoutAttributes,
    read(call) {
      if (call.inputs[0] === null || call.inputs[0] === undefined) return [undefined];
      if (!isActive(call) || sizeOf(call.inputs[0].shape) === 0) return droppedNothing(call);
      throw new InvalidInputError("a Dropout in training mode draws random numbers", {
        where: call.where,
        remedy: "Read the model in inference form",
      });
    },
  },
};

/** Inference form, whatever mode the file was exported in. */
export const inferenceModeForms: Readonly<Record<string, NodeForm>> = {
  BatchNormalization: {
    attributes: normalizationAttributes,
    read(call) {
      withoutSpatial(call);
      const [y] = call.record(call.inputs, { training_mode: 0 });
      const [mean, variance] = [call.inputs[3] ?? undefined, call.inputs[4] ?? undefined];
      return [y, mean, variance, mean, variance];
    },
  },
  Dropout: { op: "Identity", attributes: dropoutAttributes, read: droppedNothing },
};

/** The forms of a mode with other readers, and the same attributes. */
export function modeFormsWith(reads: Readonly<Record<string, NodeForm["read"]>>): Readonly<Record<string, NodeForm>> {
  return Object.fromEntries(
    Object.entries(inferenceModeForms).map(([key, form]) => [
      key,
      { ...form, read: (call) => (reads[key] ?? form.read)(call) },
    ]),
  );
}
