// Where operators take weights: what tells a parameter from a number that only belongs to the arithmetic.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";

/** What a weight does there; the same words as for layers. */
export type WeightUse = "weight" | "bias" | "scale" | "shift" | "statistic";

type Places = Readonly<Record<number, WeightUse | "never">>;

const norm: Places = { 1: "scale", 2: "shift" };
const convolution: Places = { 1: "weight", 2: "bias" };
// Initial states are no parameters, though some models learn them: they are stored for zeros.
const recurrent: Places = { 1: "weight", 2: "weight", 3: "bias", 4: "never", 5: "never", 6: "never", 7: "weight" };
/** Scales and zero points belong to the storage. */
const quantized: Places = { 1: "never", 2: "never" };

/** Inputs by number. `"never"`: numbers there are no parameters, whatever they are. */
const places: Readonly<Record<string, Places>> = {
  BatchNormalization: { ...norm, 3: "statistic", 4: "statistic" },
  Clip: { 1: "never", 2: "never" },
  Conv: convolution,
  ConvTranspose: convolution,
  DequantizeLinear: quantized,
  Dropout: { 1: "never" },
  Einsum: { 0: "weight", 1: "weight" },
  GRU: recurrent,
  Gather: { 0: "weight" },
  Gemm: { 0: "weight", 1: "weight", 2: "bias" },
  GroupNormalization: norm,
  InstanceNormalization: norm,
  LSTM: recurrent,
  LayerNormalization: norm,
  MatMul: { 0: "weight", 1: "weight" },
  OneHot: { 2: "never" },
  PRelu: { 1: "weight" },
  Pad: { 2: "never" },
  QuantizeLinear: quantized,
  RMSNormalization: { 1: "scale" },
  RNN: recurrent,
  Resize: { 1: "never", 2: "never" },
  Upsample: { 1: "never" },
  "com.microsoft.BiasGelu": { 1: "bias" },
  "com.microsoft.FastGelu": { 1: "bias" },
  "com.microsoft.FusedMatMul": { 0: "weight", 1: "weight" },
  "com.microsoft.LayerNormalization": norm,
  "com.microsoft.SimplifiedLayerNormalization": { 1: "scale" },
};

/** What a stored tensor is at this input: a weight, never one, or `undefined` where the operator does not say. */
export function placeOf(node: NodeProto, index: number): WeightUse | "never" | undefined {
  const key = operatorKey(node);
  return Object.hasOwn(places, key) ? places[key][index] : undefined;
}

/** Whether a tensor is looked up row by row: the one place where two layers may share a weight under two names. */
export const isTable = (node: NodeProto): boolean => operatorKey(node) === "Gather";

/** Operators that hand a weight on in another form, in their first input or in all of them. */
const carriers = new Set(
  "Identity Transpose Reshape Squeeze Unsqueeze Cast DequantizeLinear Flatten Expand Slice Split Concat Tile".split(
    " ",
  ),
);
const spreaders = new Set(["Expand", "Tile", "Concat"]);

/** Whether the node hands input `index` on without computing with it. */
export function isCarried(node: NodeProto, index: number): boolean {
  const key = operatorKey(node);
  return carriers.has(key) && (index === 0 || key === "Concat");
}

/** Whether the node repeats what it hands on, or puts it beside other values: parameters are seldom used so. */
export const isSpread = (node: NodeProto): boolean => spreaders.has(operatorKey(node));

/** Whether what arrives there is added. */
export function isAdded(node: NodeProto, use: WeightUse | "never" | undefined): boolean {
  return use === "bias" || use === "shift" || ["Add", "Sub", "Sum"].includes(operatorKey(node));
}
