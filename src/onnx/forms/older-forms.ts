// Forms of nodes from older operator sets: attributes that became inputs, and operators that changed their meaning.
import { sizeOf } from "../../core/numbers/shape.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant, int64s, scalar } from "../../graph/build.js";
import { expand, reshape } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import { integer } from "../file/read-values.js";
import type { NodeCall, NodeForm } from "./node-form.js";
import { shortest } from "./read-attribute.js";

/** An integer-list attribute as a constant, if the node has it. */
function intsInput({ attribute, where }: NodeCall, name: string): Tensor | undefined {
  const proto = attribute(name);
  // "To the end" is the largest int64, which is not a safe integer.
  const most = Number.MAX_SAFE_INTEGER;
  const exact = (value: bigint): number => Math.max(-most, Math.min(most, integer(where, value)));
  return proto === undefined ? undefined : int64s(proto.ints.map(exact));
}

/** The inputs of the node with `more` filled in where it is given. */
function withInputs(call: NodeCall, more: readonly (Tensor | null | undefined)[]): (Tensor | null)[] {
  const inputs = [...call.inputs];
  for (const [i, tensor] of more.entries()) {
    while (inputs.length < i + 1) inputs.push(null);
    if (tensor !== undefined && tensor !== null) inputs[i] = tensor;
  }
  while (inputs.at(-1) === null) inputs.pop();
  return inputs;
}

/** An integer list that is an attribute in older sets and input `at` in newer ones. */
function intsAt(name: string, at: number): NodeForm {
  return {
    attributes: [name],
    read(call) {
      const ints = intsInput(call, name);
      return call.record(ints === undefined ? call.inputs : withInputs(call, [...Array(at).fill(null), ints]));
    },
  };
}

/** Softmax and its relatives up to set 12, which treat the input as a matrix of its first `axis` axes by the rest. */
const flattening: NodeForm = {
  read(call) {
    const { opset, inputs, where } = call;
    const [x] = inputs;
    if (opset >= 13 || x === null || x === undefined) return call.record(inputs);
    const given = call.attribute("axis");
    const axis = given === undefined ? 1 : integer(where, given.i);
    const first = axis < 0 ? axis + x.shape.length : axis;
    const matrix = [sizeOf(x.shape.slice(0, first)), sizeOf(x.shape.slice(first))];
    return call.record([reshape(x, matrix)], { axis: 1 }).map((y) => reshape(y, x.shape));
  },
};

/** The number in an attribute, with the type of `like`. */
function numberInput({ attribute }: NodeCall, name: string, like: Tensor): Tensor | undefined {
  const proto = attribute(name);
  return proto === undefined ? undefined : scalar(shortest(proto.f), like.dtype);
}

const clip: NodeForm = {
  attributes: ["min", "max"],
  read(call) {
    const [x] = call.inputs;
    if (x === null || x === undefined) return call.record(call.inputs);
    return call.record(withInputs(call, [x, numberInput(call, "min", x), numberInput(call, "max", x)]));
  },
};

const pad: NodeForm = {
  attributes: ["pads", "value"],
  read(call) {
    const [x] = call.inputs;
    const pads = intsInput(call, "pads");
    if (pads === undefined || x === null || x === undefined) return call.record(call.inputs);
    return call.record(withInputs(call, [x, pads, numberInput(call, "value", x)]));
  },
};

const slice: NodeForm = {
  attributes: ["starts", "ends", "axes"],
  read(call) {
    const [starts, ends, axes] = ["starts", "ends", "axes"].map((name) => intsInput(call, name));
    return call.record(starts === undefined ? call.inputs : withInputs(call, [null, starts, ends, axes]));
  },
};

const topK: NodeForm = {
  attributes: ["k"],
  read(call) {
    const k = call.attribute("k");
    return call.record(k === undefined ? call.inputs : withInputs(call, [null, int64s([integer(call.where, k.i)])]));
  },
};

/** Split without sizes makes as many parts as it has outputs. Set 18 introduced an attribute for their number. */
const split: NodeForm = {
  attributes: ["split"],
  read(call) {
    const sizes = intsInput(call, "split") ?? call.inputs[1] ?? undefined;
    if (sizes !== undefined) return call.record(withInputs(call, [null, sizes]));
    const given = call.attribute("num_outputs");
    return call.record(call.inputs, given === undefined ? { num_outputs: call.node.output.length } : {});
  },
};

const scatter: NodeForm = {
  op: "ScatterElements",
  read: (call) => call.record(call.inputs),
};

/** Constants given as plain numbers instead of a tensor. */
const plainConstant: NodeForm = {
  attributes: ["value_int", "value_ints", "value_float", "value_floats"],
  read(call) {
    const [given] = call.node.attribute;
    if (given === undefined || !given.name.startsWith("value_")) return call.record(call.inputs);
    const isInteger = given.name.startsWith("value_int");
    const isList = given.name.endsWith("s");
    const list: (number | bigint)[] = isInteger ? (isList ? given.ints : [given.i]) : isList ? given.floats : [given.f];
    const numbers = list.map((value) => (typeof value === "bigint" ? integer(call.where, value) : value));
    return [constant(tensorFrom(isInteger ? "int64" : "float32", isList ? [numbers.length] : [], numbers))];
  },
};

const maxPool: NodeForm = {
  read: (call) => call.record(call.inputs, (call.node.output[1] ?? "") === "" ? {} : { with_indices: 1 }),
};

/** Ignores attributes that matter only for element types that we do not have. */
const castForm: NodeForm = { attributes: ["saturate", "round_mode"], read: (call) => call.record(call.inputs) };

/** Up to set 20, scale and shift belong to groups; later, to channels. */
const groupNormalization: NodeForm = {
  read(call) {
    const [x, ...perGroup] = call.inputs;
    const groups = call.attribute("num_groups");
    if (call.opset >= 21 || groups === undefined || x === null || x === undefined || x.shape.length < 2)
      return call.record(call.inputs);
    const count = integer(call.where, groups.i);
    const channels = x.shape[1];
    const perChannel = perGroup.map((tensor) =>
      tensor === null || tensor.shape.length !== 1 || tensor.shape[0] !== count
        ? tensor
        : reshape(expand(reshape(tensor, [count, 1]), [count, channels / count]), [channels]),
    );
    return call.record([x, ...perChannel]);
  },
};

const resizeAttributes = (mode: "nearest" | "linear") => ({
  mode,
  coordinate_transformation_mode: "asymmetric",
  ...(mode === "nearest" ? { nearest_mode: "floor" } : {}),
});

function oldMode(call: NodeCall): "nearest" | "linear" {
  const mode = call.attribute("mode");
  return mode === undefined || new TextDecoder().decode(mode.s) === "nearest" ? "nearest" : "linear";
}

/**
 * Upsample, and Resize of set 10, use asymmetric coordinates. Later versions of Resize take a region before the scales.
 */
const resize: NodeForm = {
  read(call) {
    const [x, second, ...rest] = call.inputs;
    if (call.opset < 11) return call.record([x, null, second], resizeAttributes(oldMode(call)));
    // If sizes are given, older exporters pass empty tensors for the other inputs.
    const filled = [second ?? null, ...rest].map((tensor) => (tensor?.shape[0] === 0 ? null : tensor));
    const inputs = [x, ...filled];
    while (inputs.at(-1) === null) inputs.pop();
    return call.record(inputs);
  },
};

const upsample: NodeForm = {
  op: "Resize",
  attributes: ["scales", "mode"],
  read(call) {
    const [x, given] = call.inputs;
    const scales = call.attribute("scales")?.floats;
    const factors = scales === undefined ? given : constant(tensorFrom("float32", [scales.length], scales));
    return call.record([x, null, factors ?? null], resizeAttributes(oldMode(call)));
  },
};

const reductions = ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"];

/** By operator. */
export const olderForms: Readonly<Record<string, NodeForm>> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, intsAt("axes", 1)])),
  Cast: castForm,
  CastLike: castForm,
  Clip: clip,
  Constant: plainConstant,
  GroupNormalization: groupNormalization,
  Hardmax: flattening,
  LogSoftmax: flattening,
  MaxPool: maxPool,
  Pad: pad,
  Resize: resize,
  Scatter: scatter,
  Slice: slice,
  Softmax: flattening,
  Split: split,
  Squeeze: intsAt("axes", 1),
  TopK: topK,
  Unsqueeze: intsAt("axes", 1),
  Upsample: upsample,
};
