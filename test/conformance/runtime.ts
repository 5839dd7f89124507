// Runs one of our graphs on stock ONNX Runtime in this process, and shortens its error messages.
import * as ort from "onnxruntime-node";
import type { TensorData } from "../../src/core/numbers/tensor-data.js";
import type { Graph } from "../../src/graph/tensor.js";
import { writeOnnx } from "../../src/onnx/write.js";

/** Outputs in order. Throws the errors of ONNX Runtime. */
export async function runOnRuntime(graph: Graph, values: readonly TensorData[]): Promise<TensorData[]> {
  const session = await ort.InferenceSession.create(writeOnnx(graph), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: "basic",
    logSeverityLevel: 4,
  });
  try {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [i, { name }] of graph.inputs.entries()) {
      // The runtime refuses feeds that the graph does not use.
      if (name === undefined || !session.inputNames.includes(name)) continue;
      const { dtype, shape, data } = values[i];
      feeds[name] = new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]);
    }
    const results = await session.run(feeds);
    return graph.outputs.map(({ name }) => {
      const { type, dims, data } = results[name];
      return { dtype: type as "float32", shape: dims, data: data as Float32Array };
    });
  } finally {
    await session.release();
  }
}

/** The reason in an error of ONNX Runtime, without addresses, paths and generated names. */
export function runtimeReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const kernel = /Could not find an implementation for (\w+)\((\d+)\)/.exec(text);
  if (kernel !== null) return `ONNX Runtime has no kernel of ${kernel[1]} for this element type`;
  const types = /Type '([^']+)' of input parameter \([^)]*\) of operator \((\w+)\)/.exec(text);
  if (types !== null) return `ONNX has no ${types[2]} for ${types[1]}`;
  return `ONNX Runtime: ${text
    .replace(/\s+/g, " ")
    .replace(/'[^']*'/g, "'…'")
    .slice(0, 160)}`;
}
