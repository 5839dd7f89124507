// Checks a random case: types, first and second derivatives against central differences, and ONNX Runtime against the
// reference, also inside a Loop.
import { type DType, isFloat } from "../../src/core/numbers/dtype.js";
import { shapeText, sizeOf } from "../../src/core/numbers/shape.js";
import type { TensorData } from "../../src/core/numbers/tensor-data.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { apply, constant, input } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { rewriteGraph } from "../../src/graph/graph.js";
import type { NdArray, Op } from "../../src/graph/op.js";
import { buildCase, type OpCase } from "../../src/graph/ops/cases/case.js";
import { gradientError, weightedSum } from "../../src/graph/ops/cases/gradient-check.js";
import { mul } from "../../src/graph/ops/elementwise/arithmetic.js";
import { loopOp } from "../../src/graph/ops/loop.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { toTensorData } from "../../src/graph/reference/nd-array.js";
import type { Graph, Tensor } from "../../src/graph/tensor.js";
import { runOnRuntime } from "../conformance/runtime.js";

function valuesAndSlopes(op: Op, opCase: OpCase, dtype: DType): { graph: Graph; values: readonly NdArray[] } {
  const { inputs, values, outputs, sources } = buildCase(op, opCase, dtype);
  const of = op.vjp === "none" ? undefined : weightedSum(outputs, "runtime");
  const slopes = of === undefined || sources.length === 0 ? [] : gradients({ of, withRespectTo: sources });
  const name = (prefix: string) => (tensor: Tensor, i: number) => ({ name: `${prefix}${i}`, tensor });
  return { graph: { inputs, outputs: [...outputs.map(name("y")), ...slopes.map(name("slope"))] }, values };
}

/** A partner of the tensor in an operator, where ONNX Runtime compares our inferred shape with its own. */
const onesLike = ({ dtype, shape }: Tensor): Tensor =>
  constant(tensorFrom(dtype, shape, new Array<number>(sizeOf(shape)).fill(1)));

/** The graph as the body of a Loop that runs twice and stacks the results. */
export function inLoop(inner: Graph): Graph {
  const [iteration, condition] = [input("iteration", "int64", []), input("condition", "bool", [])];
  const captured = inner.inputs.map(({ name, dtype, shape }) => input(`in_${name}`, dtype, shape));
  const leaves = new Map(inner.inputs.map((tensor, i) => [tensor, captured[i]]));
  const outputs = rewriteGraph(inner, () => undefined, leaves).outputs.map(({ name, tensor }) => ({
    name,
    tensor: isFloat(tensor.dtype) ? mul(tensor, onesLike(tensor)) : tensor,
  }));
  const body: Graph = {
    inputs: [iteration, condition, ...captured],
    outputs: [{ name: "go", tensor: condition }, ...outputs],
  };
  const inputs = [constant(tensorFrom("int64", [], [2])), constant(tensorFrom("bool", [], [1])), ...inner.inputs];
  const results = apply(loopOp as Op, inputs, { body, captured: captured.length });
  return { inputs: inner.inputs, outputs: results.map((tensor, i) => ({ name: inner.outputs[i].name, tensor })) };
}

function difference(expected: NdArray, received: TensorData, stacked: boolean, tolerance: number): string | undefined {
  const shape = stacked ? [2, ...expected.shape] : expected.shape;
  const [wanted, found] = [`${expected.dtype}${shapeText(shape)}`, `${received.dtype}${shapeText(received.shape)}`];
  if (wanted !== found) return `expected ${wanted}, received ${found}`;
  const data = Array.from(received.data as ArrayLike<number | bigint>, Number);
  const size = expected.data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0.1);
  const bound = isFloat(expected.dtype) ? tolerance * size : 0;
  for (const [i, element] of data.entries()) {
    const x = expected.data[i % expected.data.length];
    if (Object.is(x, element) || x === element || Math.abs(x - element) <= bound) continue;
    return `element ${i}: expected ${x}, received ${element}`;
  }
  return undefined;
}

async function onRuntime(
  what: string,
  made: Graph,
  values: readonly NdArray[],
  expected: readonly NdArray[],
  stacked = false,
): Promise<string | undefined> {
  try {
    const received = await runOnRuntime(made, values.map(toTensorData));
    for (const [i, array] of expected.entries()) {
      const text = difference(array, received[i], stacked, 2e-5);
      if (text !== undefined) return `${what}: ${made.outputs[i].name}: ${text}`;
    }
    return undefined;
  } catch (error) {
    return `${what}: ${(error as Error).message}`;
  }
}

/** Windows of one element and groups of equal elements have a slope of 0, up to rounding. */
const least = 1e-5;

/** A sentence about the first failed check, or `undefined`. Throws the errors of the builder. */
export async function faultOf(op: Op, opCase: OpCase): Promise<string | undefined> {
  const { inputs, values, outputs, sources } = buildCase(op, opCase, "float64");
  const of = op.vjp === "none" ? undefined : weightedSum(outputs, "output");
  if (of !== undefined && sources.length > 0) {
    const error = gradientError({ of, inputs, values, sources, least });
    if (!(error < 1e-5)) return `the gradient is off by ${error}`;
    const first = gradients({ of, withRespectTo: sources });
    const second = gradientError({ of: weightedSum(first, "gradient")!, inputs, values, sources, least });
    if (!(second < 1e-4)) return `the second derivative is off by ${second}`;
  }
  const single = valuesAndSlopes(op, opCase, "float32");
  const expected = evaluateGraph(single.graph, single.values);
  const typed = single.graph.outputs.find(({ tensor }, i) => shapeText(tensor.shape) !== shapeText(expected[i].shape));
  if (typed !== undefined) return `${typed.name}: inferred ${shapeText(typed.tensor.shape)}`;
  return (
    (await onRuntime("runtime", single.graph, single.values, expected)) ??
    (await onRuntime("simplified", simplify(single.graph), single.values, expected)) ??
    (await onRuntime("in a loop", inLoop(single.graph), single.values, expected, true))
  );
}
