// Batching rules of MatMul and Gemm: one small matrix product for every network.
//
// Matrices of a few elements are too small for separate products: starting a product costs about as much as 500
// elements of element-wise work. Small matrices are multiplied element by element for all networks at once, and summed.
// Larger ones become a batched MatMul, for which the network axis moves to the front and back. Measurements:
// docs/performance.md, "Ensembles".
import { type Shape, sameShape } from "../../../core/numbers/shape.js";
import { scalar } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { reshape, transpose } from "../movement/shape-movement.js";
import { type GemmAttributes, gemm, matMul } from "../products/matmul.js";
import type { NoAttributes } from "../record/elementwise.js";
import { reduceSum } from "../reduction/reduction.js";
import type { BatchContext } from "./ensemble-rule.js";

/**
 * A matrix of every network `[rows, columns, n]`, or one that they share `[rows, columns]`; `flipped` stands for its
 * transpose.
 */
interface Factor {
  readonly matrix: Tensor;
  readonly shared: boolean;
  readonly flipped: boolean;
}

export type ProductForm = "elements" | "matrices";

/** `A' B'` for all networks: `[rows, columns, n]`. At least one factor is not shared. */
export function batchedProduct(a: Factor, b: Factor, form: ProductForm = fasterForm(a, b)): Tensor {
  // With a shared factor, a single product serves all networks, which are side by side as columns.
  if (a.shared) return sharedLeft(a, b);
  if (b.shared) return exchanged(sharedLeft(flip(b), flip(a)));
  return form === "elements" ? byElements(a, b) : byMatrices(a, b);
}

const flip = (factor: Factor): Factor => ({ ...factor, flipped: !factor.flipped });

/** Rows and columns after flipping. */
function extentsOf({ matrix, flipped }: Factor): [number, number] {
  const [rows, columns] = matrix.shape;
  return flipped ? [columns, rows] : [rows, columns];
}

function fasterForm(a: Factor, b: Factor): ProductForm {
  const [rows, inner] = extentsOf(a);
  const [, columns] = extentsOf(b);
  const moved = rows * inner + inner * columns + rows * columns;
  return rows * inner * columns <= 1.5 * moved + 500 ? "elements" : "matrices";
}

/** Swaps the first two axes. The last axis stays, so whole runs of memory are moved. */
function exchanged(x: Tensor): Tensor {
  return transpose(x, [1, 0, 2]);
}

function sharedLeft(a: Factor, b: Factor): Tensor {
  const upright = b.flipped ? exchanged(b.matrix) : b.matrix;
  const [inner, columns, networks] = upright.shape;
  const [rows] = extentsOf(a);
  const product = gemm(a.matrix, reshape(upright, [inner, columns * networks]), null, { transA: a.flipped ? 1 : 0 });
  return reshape(product, [rows, columns, networks]);
}

/** Products of all pairs; the inner axis stays where the stored order of both factors puts it. */
function byElements(a: Factor, b: Factor): Tensor {
  if (a.flipped && b.flipped) return byElements(a, { ...b, matrix: exchanged(b.matrix), flipped: false });
  const [rows, inner] = extentsOf(a);
  const [, columns] = extentsOf(b);
  const networks = a.matrix.shape[2];
  // [inner, rows, columns], [rows, columns, inner] or [rows, inner, columns], and the position of `inner`.
  const [left, right, place] = a.flipped
    ? [[inner, rows, 1], [inner, 1, columns], 0]
    : b.flipped
      ? [[rows, 1, inner], [1, columns, inner], 2]
      : [[rows, inner, 1], [1, inner, columns], 1];
  const pairs = mul(reshape(a.matrix, [...left, networks]), reshape(b.matrix, [...right, networks]));
  return inner === 1 ? reshape(pairs, [rows, columns, networks]) : reduceSum(pairs, [place]);
}

function byMatrices(a: Factor, b: Factor): Tensor {
  return networksLast(matMul(networksFirst(a), networksFirst(b)));
}

/** Two transpositions instead of one, because ONNX Runtime moves one axis ten times faster than it reverses all. */
function networksFirst({ matrix, flipped }: Factor): Tensor {
  return axisToFront(flipped ? exchanged(matrix) : matrix);
}

function axisToFront(x: Tensor): Tensor {
  const last = x.shape.length - 1;
  return transpose(x, [last, ...Array(last).keys()]);
}

function networksLast(x: Tensor): Tensor {
  return transpose(x, [...x.shape.slice(1).map((_, axis) => axis + 1), 0]);
}

/** The batching rule of Gemm. */
export function batchGemm({ attrs, inputs, batched, aligned }: BatchContext<GemmAttributes>): readonly Tensor[] {
  const { alpha, beta, transA, transB } = attrs;
  const factor = (i: number, flipped: number): Factor => ({
    matrix: inputs[i] as Tensor,
    shared: !batched[i],
    flipped: flipped === 1,
  });
  const hasBias = inputs.length > 2 && inputs[2] !== null;
  const scaled = (x: Tensor, by: number): Tensor => (by === 1 ? x : mul(x, scalar(by, x.dtype)));
  const [a, b] = [factor(0, transA), factor(1, transB)];
  const isProductShared = a.shared && b.shared;
  // Then only the bias differs.
  const product = isProductShared
    ? withNetworks(gemm(a.matrix, b.matrix, null, { transA, transB }))
    : batchedProduct(a, b);
  const result = scaled(product, alpha);
  return [hasBias ? add(result, scaled(aligned(2), beta)) : result];
}

const withNetworks = (x: Tensor): Tensor => reshape(x, [...x.shape, 1]);

/** The batching rule of MatMul. */
export function batchMatMul({ node, inputs, batched, networks }: BatchContext<NoAttributes>): readonly Tensor[] {
  const shapes = node.inputs.map((tensor) => (tensor as Tensor).shape);
  // As in NumPy, a vector is a row on the left and a column on the right.
  const matrices: readonly Shape[] = [
    shapes[0].length === 1 ? [1, ...shapes[0]] : shapes[0],
    shapes[1].length === 1 ? [...shapes[1], 1] : shapes[1],
  ];
  const factors = matrices.map((shape, i): Factor => {
    const matrix = withShape(inputs[i] as Tensor, batched[i] ? [...shape, networks] : shape);
    return { matrix, shared: !batched[i], flipped: false };
  });
  const product = matrices.every(({ length }) => length === 2)
    ? batchedProduct(factors[0], factors[1])
    : manyMatrices(factors, matrices);
  return [withShape(product, [...node.outputs[0].shape, networks])];
}

/** Products with batch axes get the networks as an additional leading batch axis. */
function manyMatrices(factors: readonly Factor[], shapes: readonly Shape[]): Tensor {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const [a, b] = factors.map(({ matrix, shared }, i) => {
    const first = shared ? matrix : axisToFront(matrix);
    const networks = shared ? 1 : first.shape[0];
    return withShape(first, [networks, ...new Array<number>(rank - shapes[i].length).fill(1), ...shapes[i]]);
  });
  return networksLast(matMul(a, b));
}

function withShape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : reshape(x, shape);
}
