// Substitutes for operators without a record: operators of the same shape and cost, for accounting but not for
// execution.

import { InvalidInputError } from "../../core/errors.js";
import { type DType, dtypeFromOnnx } from "../../core/numbers/dtype.js";
import type { AxisReach } from "../../graph/accounting/axis-reach.js";
import { all, same } from "../../graph/accounting/reach.js";
import { apply } from "../../graph/build.js";
import { sigmoid, tanh } from "../../graph/ops/activation/activation.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { squeeze, transpose, unsqueeze } from "../../graph/ops/movement/shape-movement.js";
import { slice, split } from "../../graph/ops/movement/slicing.js";
import { matMul, transposeMatrices } from "../../graph/ops/products/matmul.js";
import { reduceMax } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";
import { storageOf } from "../../onnx/file/element-storage.js";
import { integer } from "../../onnx/file/read-values.js";
import { inferenceModeForms } from "../../onnx/forms/mode-forms.js";
import type { NodeCall, NodeForm } from "../../onnx/forms/node-form.js";
import { meanRandomForms } from "../../onnx/forms/random-forms.js";

const given = (call: NodeCall, index: number): Tensor => {
  const tensor = call.inputs[index];
  if (tensor !== null && tensor !== undefined) return tensor;
  throw new InvalidInputError(`input ${index} is missing`, { where: call.where });
};

const int = (call: NodeCall, name: string, usual: number): number => {
  const proto = call.attribute(name);
  return proto === undefined ? usual : integer(call.where, proto.i);
};

/** The element type that an attribute names, if the node has it. */
function typeAttribute(call: NodeCall, name: string, usual: DType): DType {
  const code = int(call, name, 0);
  return code === 0 ? usual : (storageOf(code)?.dtype ?? dtypeFromOnnx(code) ?? usual);
}

/** Casts to the type of the zero point; uint8 if there is none. */
const quantize: NodeForm = {
  op: "Cast",
  attributes: ["axis", "block_size", "output_dtype", "precision", "saturate"],
  read: (call) => [cast(given(call, 0), call.inputs[2]?.dtype ?? typeAttribute(call, "output_dtype", "uint8"))],
};

const dequantize: NodeForm = {
  op: "Cast",
  attributes: ["axis", "block_size", "output_dtype"],
  read: (call) => [cast(given(call, 0), given(call, 1).dtype)],
};

/** Values, scale and zero point. */
const dynamicQuantize: NodeForm = {
  op: "Cast",
  read(call) {
    const most = reduceMax(given(call, 0));
    return [cast(given(call, 0), "uint8"), most, cast(most, "uint8")];
  },
};

/** Splits the last axis into `parts` equal parts. */
const inParts = (x: Tensor, parts: number): Tensor[] => {
  const size = (x.shape.at(-1) ?? 0) / parts;
  if (Number.isInteger(size)) return split(x, Array(parts).fill(size), { axis: x.shape.length - 1 });
  throw new InvalidInputError("the weights do not fit the gates", { where: "recurrent layer", received: `${x.shape}` });
};

/** Computes one step from the sums of products; `state` is the previous hidden state. */
type Cell = (sums: Tensor, state: Tensor) => Tensor;

/** `c' = f * c + i * g`, `h = o * tanh(c')`. */
const lstmCell: Cell = (sums, state) => {
  const [i, o, f, g] = inParts(sums, 4);
  const cell = add(mul(sigmoid(f), state), mul(sigmoid(i), tanh(g)));
  return mul(sigmoid(o), tanh(cell));
};

/** `h' = (1 - z) * g + z * h`, where `r` gates the state inside `g`. */
const gruCell: Cell = (sums, state) => {
  const [z, r, g] = inParts(sums, 3);
  const gate = sigmoid(z);
  return add(mul(gate, state), mul(gate, tanh(mul(sigmoid(r), g))));
};

const plainCell: Cell = (sums) => tanh(sums);

/** The same tensor with another receptive-field rule for its first input. */
function seenBy(tensor: Tensor, reach: readonly AxisReach[]): Tensor {
  const { node } = tensor;
  return node === undefined ? tensor : apply({ ...node.op, reach: () => [reach] }, node.inputs, node.attrs)[0];
}

/**
 * A recurrent layer with all steps in parallel: the same products and functions, without the dependence of a step on
 * the one before. Receptive fields know about it: a step also sees all earlier (or later) steps; in a bidirectional
 * layer, and for the last states, all steps. x `[steps, batch, size]`, weights `[directions, gates * units, size]` and
 * `[directions, gates * units, units]`.
 */
function recurrent(gates: number, states: number, cell: Cell): NodeForm {
  return {
    op: "Identity",
    attributes: [
      ...["activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size"],
      ...["input_forget", "layout", "linear_before_reset", "output_sequence"],
    ],
    read(call) {
      const isBatchFirst = int(call, "layout", 0) === 1;
      const x = isBatchFirst ? transpose(given(call, 0), [1, 0, 2]) : given(call, 0);
      const [steps] = x.shape;
      const [w, r, b] = [given(call, 1), given(call, 2), call.inputs[3] ?? null];
      const isBidirectional = w.shape[0] === 2;
      const alongSteps: AxisReach = isBidirectional ? all : { kind: "same", axis: 0, seesAll: true };
      const products = seenBy(matMul(unsqueeze(x, [1]), transposeMatrices(w)), [alongSteps, all, same(2), all]);
      const units = r.shape.at(-1) ?? 0;
      const axis = products.shape.length - 1;
      const state = slice(products, { starts: [0], ends: [units], axes: [axis] });
      const sums = add(products, matMul(state, transposeMatrices(r)));
      const biased =
        b === null ? sums : add(sums, unsqueeze(slice(b, { starts: [0], ends: [gates * units], axes: [1] }), [1]));
      const y = cell(biased, state);
      const lastStep = slice(y, { starts: [-1], ends: [steps], axes: [0] });
      const last = squeeze(seenBy(lastStep, [all, same(1), same(2), same(3)]), [0]);
      const outputs = [isBatchFirst ? transpose(y, [2, 0, 1, 3]) : y];
      for (let i = 0; i < states; i++) outputs.push(isBatchFirst ? transpose(last, [1, 0, 2]) : last);
      return outputs;
    },
  };
}

const recurrentForms: Readonly<Record<string, NodeForm>> = {
  GRU: recurrent(3, 1, gruCell),
  LSTM: recurrent(4, 2, lstmCell),
  RNN: recurrent(1, 1, plainCell),
};

/** Whether steps of this operator are stand-ins: the same cost, but other values and gradients. */
export const isStandIn = (operator: string): boolean => Object.hasOwn(recurrentForms, operator);

/** The inference forms, by operator. */
export const accountingForms: Readonly<Record<string, NodeForm>> = {
  ...inferenceModeForms,
  ...recurrentForms,
  ...meanRandomForms,
  // Only the type of the second input matters.
  CastLike: { op: "Cast", attributes: ["saturate"], read: (call) => [cast(given(call, 0), given(call, 1).dtype)] },
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  QuantizeLinear: quantize,
};
