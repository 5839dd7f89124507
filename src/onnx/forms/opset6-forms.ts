// Nodes of operator set 6, which broadcast only on demand: by `axis`, the place in the first input where the second lies.
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import { integer } from "../file/read-values.js";
import type { NodeForm } from "./node-form.js";

/** `b` with an extent of 1 for every axis of `a` behind those that it lies on. */
function placedAt(axis: number, a: Tensor, b: Tensor): Tensor {
  const first = axis < 0 ? axis + a.shape.length : axis;
  const behind = a.shape.length - first - b.shape.length;
  return behind > 0 ? reshape(b, [...b.shape, ...Array<number>(behind).fill(1)]) : b;
}

const broadcasting: NodeForm = {
  attributes: ["axis", "broadcast"],
  read(call) {
    const [a, b] = call.inputs;
    const axis = call.attribute("axis");
    if (call.opset >= 7 || axis === undefined || !a || !b) return call.record(call.inputs);
    return call.record([a, placedAt(integer(call.where, axis.i), a, b)]);
  },
};

/** A list of slopes belongs to the channels, axis 1; newer sets align it with the last axis. */
const prelu: NodeForm = {
  read(call) {
    const [x, slope] = call.inputs;
    const isList = slope?.shape.length === 1 && slope.shape[0] > 1;
    return call.record(call.opset < 7 && x && isList ? [x, placedAt(1, x, slope)] : call.inputs);
  },
};

const binary = ["Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"];

/** By operator. */
export const setSixForms: Readonly<Record<string, NodeForm>> = {
  ...Object.fromEntries(binary.map((name) => [name, broadcasting])),
  // The third input is broadcast as ever.
  Gemm: { attributes: ["broadcast"], read: (call) => call.record(call.inputs) },
  PRelu: prelu,
};
