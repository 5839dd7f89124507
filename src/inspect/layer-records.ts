// One record per step: shapes, windows, parameters, cost and receptive field.
import { sizeOf } from "../core/numbers/shape.js";
import type { Cost } from "../graph/op.js";
import { receptiveFields } from "./field/receptive-field.js";
import type { LayerRecord } from "./inspection.js";
import type { Step, Subject, SubjectParameter } from "./subject/subject.js";
import { bytesOf, isKnown, isView, shapeOf } from "./subject/values.js";

/** A record without its fractions of the totals. */
export type PlainRecord = Omit<LayerRecord, "share">;

/** The records of all steps, in order. A stored tensor counts in the first step that reads it. */
export function layerRecords(subject: Subject): PlainRecord[] {
  const fields = receptiveFields(subject);
  const counted = new Set<SubjectParameter>();
  return subject.steps.map((step): PlainRecord => {
    const fresh = step.parameters.filter((parameter) => !counted.has(parameter));
    const shared = step.parameters.filter((parameter) => counted.has(parameter)).map(({ name }) => name);
    for (const parameter of fresh) counted.add(parameter);
    const output = step.outputs.find(isKnown);
    return {
      name: step.name,
      operator: step.operator,
      inputShape: step.inputs.length === 0 ? null : shapeOf(step.inputs[0]),
      outputShape: step.outputs.length === 0 ? null : shapeOf(step.outputs[0]),
      inputShapes: step.inputs.map(shapeOf),
      outputShapes: step.outputs.filter((value) => value !== null).map(shapeOf),
      ...windowOf(step),
      ...parameterCounts(fresh),
      ...(shared.length === 0 ? {} : { shared }),
      ...activationsOf(step, subject.floatBytes),
      ...(step.unknown === undefined ? costOf(step) : { macs: null, flops: null }),
      receptiveField: output === undefined ? null : (fields.get(output) ?? null),
      steps: 1,
      ...(step.unknown === undefined ? {} : { unknown: step.unknown }),
    };
  });
}

/**
 * Elements of stored tensors by use, including those that were folded into them. Biases are additive parameters: biases
 * of products, shifts of normalizations.
 */
export function parameterCounts(stored: readonly SubjectParameter[]) {
  const count = (wanted: (parameter: SubjectParameter) => boolean): number =>
    stored.filter(wanted).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const folded = stored.flatMap((parameter) => (parameter.folded === undefined ? [] : [parameter.folded]));
  const weights = count(({ use }) => use === "weight") + folded.reduce((sum, more) => sum + more.weights, 0);
  const biases = count(({ use }) => use === "bias") + folded.reduce((sum, more) => sum + more.biases, 0);
  const trainable = stored
    .filter(({ use, isTrainable }) => use !== "statistic" && isTrainable)
    .reduce((sum, { shape, folded: more }) => sum + sizeOf(shape) + (more?.weights ?? 0) + (more?.biases ?? 0), 0);
  return {
    parameters: weights + biases,
    weights,
    biases,
    trainable,
    frozen: weights + biases - trainable,
    statistics: count(({ use }) => use === "statistic"),
  };
}

/** Cost of one step: the sum over its graph nodes. */
export function costOf({ nodes }: Step): Cost {
  const costs = nodes.map(({ op, inputs, outputs, attrs }) => op.cost(inputs, outputs, attrs));
  return {
    macs: costs.reduce((sum, { macs }) => sum + macs, 0),
    flops: costs.reduce((sum, { flops }) => sum + flops, 0),
  };
}

function activationsOf(step: Step, floatBytes?: number): Pick<PlainRecord, "activations" | "activationBytes"> {
  if (isView(step)) return { activations: 0, activationBytes: 0 };
  const outputs = step.outputs.filter((value) => value !== null);
  const known = outputs.filter(isKnown);
  if (known.length < outputs.length) return { activations: null, activationBytes: null };
  return {
    activations: known.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    activationBytes: known.reduce((sum, tensor) => sum + bytesOf(tensor, floatBytes), 0),
  };
}

function windowOf({ nodes }: Step): Pick<PlainRecord, "kernel" | "stride" | "padding" | "dilation" | "groups"> {
  for (const { op, inputs, attrs } of nodes) {
    const window = op.window?.(inputs, attrs);
    if (window === undefined) continue;
    const { kernel, strides, padBegin, padEnd, dilations, groups } = window;
    return {
      kernel,
      stride: strides,
      padding: [...padBegin, ...padEnd],
      dilation: dilations,
      ...(groups === undefined ? {} : { groups }),
    };
  }
  return {};
}
