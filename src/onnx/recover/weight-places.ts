// Lists the weight inputs of operators, which distinguish parameters from constants of the computation.
import type { Op, WeightUse } from "../../graph/op.js";
import { type OpName, ops } from "../../graph/ops/index.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";

type Places = Readonly<Record<number, WeightUse | "never">>;

const norm: Places = { 1: "scale", 2: "shift" };
// Initial states are not parameters, although some models learn them: files store them in place of zeros.
const recurrent: Places = { 1: "weight", 2: "weight", 3: "bias", 4: "never", 5: "never", 6: "never", 7: "weight" };
/** Scales and zero points belong to the storage format. */
const quantized: Places = { 1: "never", 2: "never" };

/** Roles of inputs by index, of operators without a record of ours. `"never"`: no tensor there is a parameter. */
const places: Readonly<Partial<Record<string, Places>>> = {
  DequantizeLinear: quantized,
  Dropout: { 1: "never" },
  GRU: recurrent,
  LSTM: recurrent,
  QuantizeLinear: quantized,
  RNN: recurrent,
  Upsample: { 1: "never" },
  "com.microsoft.BiasGelu": { 1: "bias" },
  "com.microsoft.FastGelu": { 1: "bias" },
  "com.microsoft.FusedMatMul": { 0: "weight", 1: "weight" },
  "com.microsoft.LayerNormalization": norm,
  "com.microsoft.SimplifiedLayerNormalization": { 1: "scale" },
};

/** The role of a stored tensor at this input: a weight, `"never"`, or `undefined` if the operator does not decide. */
export function placeOf(node: NodeProto, index: number): WeightUse | "never" | undefined {
  const key = operatorKey(node);
  const own = Object.hasOwn(ops, key) ? (ops[key as OpName] as Op).weightUse : places[key];
  return own?.[index];
}

/** Whether a tensor is looked up row by row: the only case in which two layers may share a weight under two names. */
export const isTable = (node: NodeProto): boolean => operatorKey(node) === "Gather";

/** Operators that pass a weight on in another form, from their first input or from all inputs. */
const carriers = new Set(
  "Identity Transpose Reshape Squeeze Unsqueeze Cast DequantizeLinear Flatten Expand Slice Split Concat Tile".split(
    " ",
  ),
);
const spreaders = new Set(["Expand", "Tile", "Concat"]);

/** Whether the node passes input `index` on without computing with it. */
export function isCarried(node: NodeProto, index: number): boolean {
  const key = operatorKey(node);
  return carriers.has(key) && (index === 0 || key === "Concat");
}

/** Whether the node repeats the tensor or places it beside other values, which is rare for parameters. */
export const isSpread = (node: NodeProto): boolean => spreaders.has(operatorKey(node));

/** Whether the tensor is added at this input. */
export function isAdded(node: NodeProto, use: WeightUse | "never" | undefined): boolean {
  return use === "bias" || use === "shift" || ["Add", "Sub", "Sum"].includes(operatorKey(node));
}
