// Matrix products whose sums have one order for every number of threads.
//
// ONNX Runtime's matrix product (MLAS) adds the inner axis in blocks, 128 long where the output has more than 64 columns
// and longer where it has fewer. Threads share the rows, unless there are more columns than rows: then each thread takes
// some columns, 64 or fewer make its blocks longer, and the sums are rounded in another order. The number of threads is
// chosen by measurement, so that it must not show in results: such products are computed transposed.
import { apply, scalar } from "../graph/build.js";
import { rewriteGraph } from "../graph/graph.js";
import type { Op } from "../graph/op.js";
import { add, mul } from "../graph/ops/arithmetic.js";
import { gemmOp, matMul, matMulOp } from "../graph/ops/matmul.js";
import { transpose } from "../graph/ops/shape-movement.js";
import type { Graph, Node, Tensor } from "../graph/tensor.js";

/** Up to so many threads results are the same bits. A fixed number: results must not depend on the cores at hand. */
export const mostThreads = 16;

// MLAS: SGEMM blocks of the inner axis, columns up to which blocks are longer, and the work below which one thread is used.
const block = 128;
const narrow = 64;
const leastWork = 64 * 1024;

/** Rewrites the products of a graph and of the bodies of its loops. Values are equal up to rounding. */
export function fixedOrderProducts(source: Graph): Graph {
  return rewriteGraph(source, (node, inputs) => {
    const body = node.attrs.body as Graph | undefined;
    if (body !== undefined) return apply(node.op, inputs, { ...node.attrs, body: fixedOrderProducts(body) });
    if (node.op === (gemmOp as Op)) return fixedGemm(node, inputs as readonly Tensor[]);
    if (node.op === (matMulOp as Op)) return fixedMatMul(node, inputs as readonly Tensor[]);
    return undefined;
  });
}

/** Whether some number of threads would give one of them few columns of a long sum. */
function dependsOnThreads(rows: number, inner: number, columns: number, products: number): boolean {
  return (
    // A single row has a kernel of its own, which keeps one order.
    rows > 1 &&
    columns > rows &&
    columns > 16 &&
    inner > block &&
    columns <= narrow * mostThreads &&
    products < mostThreads &&
    rows * inner * columns * products >= leastWork
  );
}

function fixedGemm({ attrs, outputs }: Node, [a, b, c]: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  // A transposed left side keeps the blocks at their length.
  if (attrs.transA === 1 || !dependsOnThreads(outputs[0].shape[0], a!.shape[1], outputs[0].shape[1], 1))
    return undefined;
  const product = transpose(matMul(attrs.transB === 1 ? b! : transpose(b!, [1, 0]), transpose(a!, [1, 0])), [1, 0]);
  const scaled = attrs.alpha === 1 ? product : mul(product, scalar(attrs.alpha as number, product.dtype));
  if (c === null || c === undefined) return [scaled];
  return [add(scaled, attrs.beta === 1 ? c : mul(c, scalar(attrs.beta as number, c.dtype)))];
}

function fixedMatMul({ outputs }: Node, [a, b]: readonly Tensor[]): readonly Tensor[] | undefined {
  if (a.shape.length < 2 || b.shape.length < 2) return undefined;
  const [rows, columns] = outputs[0].shape.slice(-2);
  const products = outputs[0].shape.slice(0, -2).reduce((count, extent) => count * extent, 1);
  // Equal matrices on the right are one tall product.
  const tall = b.shape.length === 2;
  if (!dependsOnThreads(tall ? rows * products : rows, a.shape.at(-1) as number, columns, tall ? 1 : products))
    return undefined;
  return [swapped(matMul(swapped(b), swapped(a)))];
}

/** The last two axes exchanged. */
function swapped(x: Tensor): Tensor {
  const rank = x.shape.length;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}
