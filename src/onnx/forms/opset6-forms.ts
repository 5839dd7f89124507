// Forms of operator set 6, which broadcasts only on request: `axis` is the axis of the first input where the second
// starts.
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import { integer } from "../file/read-values.js";
import type { NodeForm } from "./node-form.js";

/** `b` with trailing axes of size 1, so that it aligns with `a` from `axis` on. */
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

/** A vector of slopes belongs to the channels, axis 1; newer sets align it with the last axis. */
const prelu: NodeForm = {
  read(call) {
    const [x, slope] = call.inputs;
    const isList = slope?.shape.length === 1 && slope.shape[0] > 1;
    return call.record(call.opset < 7 && x && isList ? [x, placedAt(1, x, slope)] : call.inputs);
  },
};

const binary = ["Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"];

/** By operator. */
export const opset6Forms: Readonly<Record<string, NodeForm>> = {
  ...Object.fromEntries(binary.map((name) => [name, broadcasting])),
  // The third input was always broadcast.
  Gemm: { attributes: ["broadcast"], read: (call) => call.record(call.inputs) },
  PRelu: prelu,
};
