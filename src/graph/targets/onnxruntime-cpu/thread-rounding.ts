// Forms of operators whose rounding does not depend on the number of threads.
import { type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { scalar } from "../../build.js";
import { log } from "../../ops/elementwise/unary.js";
import { addedAt, type ScatterNDAttributes } from "../../ops/indexing/indexing-nd.js";
import { reshape, transpose } from "../../ops/movement/shape-movement.js";
import { concat, split } from "../../ops/movement/slicing.js";
import { type GemmAttributes, gemm, matMul, productOf, transposeMatrices } from "../../ops/products/matmul.js";
import type { Tensor } from "../../tensor.js";
import type { FactTable } from "../target.js";

// How MLAS multiplies on several threads: it splits the longer side of the result. A part of at most 64 columns is
// summed in longer runs of the inner axis than a wider one, which changes the rounding. Runs are at least 128 long,
// so shorter sums are always the same. If rows are the longer side, the parts do not differ.
const shortestRun = 128;
const narrowestPart = 64;
/** Up to this many threads, the number of threads cannot change a result. */
export const mostInvariantThreads = 4;

function isSplitByColumns(rows: number, inner: number, columns: number): boolean {
  return (
    columns > rows && inner > shortestRun && columns > narrowestPart && columns <= narrowestPart * mostInvariantThreads
  );
}

/** A bias of rank 0 or 1 as a matrix of one row. */
function expandedRow(bias: Tensor): Tensor {
  return bias.shape.length === 2 ? bias : reshape(bias, [1, sizeOf(bias.shape)]);
}

// Long tensors are split into as many parts as there are threads. The remainder of a part after whole vectors is
// computed by another logarithm, with different last bits. Up to 11,000 elements are not split.
const longestUncut = 8192;

function isMatrixProduct(a: Shape, b: Shape): boolean {
  return a.length >= 2 && b.length >= 2;
}

export const threadRounding: FactTable = {
  MatMul: {
    threadInvariant([a, b]) {
      if (!isMatrixProduct(a!.shape, b!.shape)) return null;
      const { batch, rows, inner, columns } = productOf("MatMul", a!.shape, b!.shape);
      // Products of a batch run on one thread each, unless there are fewer of them than threads.
      if (sizeOf(batch) >= mostInvariantThreads || !isSplitByColumns(rows, inner, columns)) return null;
      return transposeMatrices(matMul(transposeMatrices(b!), transposeMatrices(a!)));
    },
  },
  Gemm: {
    threadInvariant([a, b, c], [y], attrs: GemmAttributes) {
      const [rows, columns] = y.shape;
      const inner = a!.shape[1 - attrs.transA];
      if (!isSplitByColumns(rows, inner, columns)) return null;
      // Without a bias, the Transpose would be merged into the Gemm, which would undo the swap.
      const bias = c === null || c === undefined ? scalar(0, y.dtype) : transpose(expandedRow(c), [1, 0]);
      const { alpha, beta, transA, transB } = attrs;
      return transpose(gemm(b!, a!, bias, { alpha, beta, transA: 1 - transB, transB: 1 - transA }), [1, 0]);
    },
  },
  Log: {
    threadInvariant([x]) {
      const count = sizeOf(x!.shape);
      const parts = Math.ceil(count / longestUncut);
      if (parts < 2) return null;
      const sizes = Array.from({ length: parts }, (_, i) => Math.min(longestUncut, count - i * longestUncut));
      const pieces = split(reshape(x!, [count]), sizes, { axis: 0 });
      return reshape(concat(pieces.map(log), { axis: 0 }), x!.shape);
    },
  },
  ScatterND: {
    // Several threads add to equal positions at once and occasionally lose a sum.
    threadInvariant([x, indices, updates], _outputs, { reduction }: ScatterNDAttributes) {
      return reduction === "add" && sizeOf(updates!.shape) > 0 ? addedAt(x!, indices!, updates!, 0) : null;
    },
  },
};
