// ONNX Runtime's own operators that are simple compositions of ONNX operators, as its optimizers insert them.
import { scalar } from "../../graph/build.js";
import { sigmoid } from "../../graph/ops/activation/activation.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { matMul, transposeMatrices } from "../../graph/ops/products/matmul.js";
import type { Tensor } from "../../graph/tensor.js";
import type { NodeCall, NodeForm } from "./node-form.js";
import { shortest } from "./read-attribute.js";

/** Gelu of the sum of both inputs; the second is an optional bias. */
function gelu(approximate: "none" | "tanh"): NodeForm {
  return {
    op: "Gelu",
    read(call) {
      const [x, bias] = call.inputs as readonly (Tensor | null | undefined)[];
      const sum = bias === null || bias === undefined ? (x as Tensor) : add(x as Tensor, bias);
      return call.record([sum], { approximate });
    },
  };
}

function fusedMatMul({ inputs, attribute }: NodeCall): Tensor[] {
  const [a, b] = inputs as readonly Tensor[];
  const product = matMul(
    attribute("transA")?.i === 1n ? transposeMatrices(a) : a,
    attribute("transB")?.i === 1n ? transposeMatrices(b) : b,
  );
  const alpha = shortest(attribute("alpha")?.f ?? 1);
  return [alpha === 1 ? product : mul(product, scalar(alpha, product.dtype))];
}

/** By domain and operator. */
export const contribForms: Readonly<Record<string, NodeForm>> = {
  "com.microsoft.Gelu": gelu("none"),
  "com.microsoft.BiasGelu": gelu("none"),
  "com.microsoft.FastGelu": gelu("tanh"),
  "com.microsoft.QuickGelu": {
    op: "Sigmoid",
    attributes: ["alpha"],
    read({ inputs: [x], attribute }) {
      const given = x as Tensor;
      return [mul(given, sigmoid(mul(given, scalar(shortest(attribute("alpha")?.f ?? 1.702), given.dtype))))];
    },
  },
  "com.microsoft.FusedMatMul": { op: "MatMul", attributes: ["transA", "transB", "alpha"], read: fusedMatMul },
  "com.microsoft.LayerNormalization": { op: "LayerNormalization", read: (call) => call.record(call.inputs) },
  "com.microsoft.SimplifiedLayerNormalization": { op: "RMSNormalization", read: (call) => call.record(call.inputs) },
};
