// ONNX Runtime against the reference evaluation: every case of every operator, forward and gradient, in float32.
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/core/numbers/dtype.js";
import { isFloat } from "../../src/core/numbers/dtype.js";
import { shapeText } from "../../src/core/numbers/shape.js";
import { gradients } from "../../src/graph/gradient.js";
import type { NdArray, Op } from "../../src/graph/op.js";
import { buildCase, type OpCase } from "../../src/graph/ops/cases/case.js";
import { opCases } from "../../src/graph/ops/cases/cases.js";
import { weightedSum } from "../../src/graph/ops/cases/gradient-check.js";
import { type OpName, ops } from "../../src/graph/ops/index.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { toTensorData } from "../../src/graph/reference/nd-array.js";
import type { Graph, Tensor } from "../../src/graph/tensor.js";
import { writeOnnx } from "../../src/onnx/write.js";

/**
 * Largest errors relative to the largest element of the output. float32 has 6e-8; a case sums a few dozen products.
 * float64 is wider than its 1e-16 because rules scale by float32 constants in mixed graphs.
 */
const tolerances: Readonly<Record<DType, number>> = {
  float32: 3e-6,
  float64: 1e-6,
  uint8: 0,
  int8: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  bool: 0,
};

function caseGraph(op: Op, opCase: OpCase): { graph: Graph; values: readonly NdArray[] } {
  const { inputs, values, outputs, sources } = buildCase(op, opCase, "float32");
  const of = op.vjp === "none" ? undefined : weightedSum(outputs, "runtime");
  const slopes = of === undefined || sources.length === 0 ? [] : gradients({ of, withRespectTo: sources });
  const name = (prefix: string) => (tensor: Tensor, i: number) => ({ name: `${prefix}${i}`, tensor });
  return { graph: { inputs, outputs: [...outputs.map(name("y")), ...slopes.map(name("slope"))] }, values };
}

async function runOnRuntime(graph: Graph, values: readonly NdArray[]): Promise<ort.Tensor[]> {
  const session = await ort.InferenceSession.create(writeOnnx(graph), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: "basic",
  });
  const feeds: Record<string, ort.Tensor> = {};
  for (const [i, tensor] of graph.inputs.entries()) {
    // The runtime refuses feeds that the graph does not use.
    if (!session.inputNames.includes(tensor.name!)) continue;
    const { dtype, shape, data } = toTensorData(values[i]);
    feeds[tensor.name!] = new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]);
  }
  const results = await session.run(feeds);
  await session.release();
  return graph.outputs.map(({ name }) => results[name]);
}

/** Not-a-number equals itself; infinities must match. */
function relativeError(expected: NdArray, received: ort.Tensor): number {
  const data = Array.from(received.data as ArrayLike<number | bigint>, Number);
  const size = expected.data.reduce(
    (largest, x) => (Number.isFinite(x) ? Math.max(largest, Math.abs(x)) : largest),
    1e-3,
  );
  return expected.data.reduce((worst, x, i) => {
    if (Object.is(x, data[i]) || x === data[i]) return worst;
    const error = Math.abs(x - data[i]) / size;
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }, 0);
}

for (const [name, op] of Object.entries(ops) as [OpName, Op][]) {
  const cases = opCases[name];
  if (cases.length === 0) continue;
  describe(name, () => {
    for (const opCase of cases) {
      if (opCase.notOnRuntime !== undefined) {
        it.skip(`${opCase.name} (${opCase.notOnRuntime})`);
        continue;
      }
      it(`${opCase.name}: ONNX Runtime agrees with the reference`, async () => {
        const { graph, values } = caseGraph(op, opCase);
        const expected = evaluateGraph(graph, values);
        const received = await runOnRuntime(graph, values);
        for (const [i, reference] of expected.entries()) {
          const where = graph.outputs[i].name;
          expect(`${where} ${received[i].type}${shapeText(received[i].dims)}`).toBe(
            `${where} ${reference.dtype}${shapeText(reference.shape)}`,
          );
          const tolerance = isFloat(reference.dtype) ? (opCase.tolerance?.runtime ?? tolerances[reference.dtype]) : 0;
          expect(relativeError(reference, received[i]), where).toBeLessThanOrEqual(tolerance);
        }
      });
    }
  });
}
