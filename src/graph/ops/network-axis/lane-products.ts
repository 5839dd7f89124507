// Products of small matrices for networks in groups of lanes: convolutions in which every network is a channel.
//
//   tall A [rows, inner] times small B      image: columns of A, one above the other; kernel: a column of B
//   two long factors, summed over `inner`   image: columns of B, rows of A side by side as kernel
//
// A convolution along the first axis computes every column of the result in one call: the kernel holds the columns of
// B concatenated from last to first, and stride and padding are chosen so that each position sees only one of them.

import { isFloat } from "../../../core/numbers/dtype.js";
import { int64s, scalar } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { gather } from "../indexing/indexing.js";
import { expand, reshape } from "../movement/shape-movement.js";
import { blockedConv } from "../windows/blocked-operators.js";
import type { LaneContext, LaneResult } from "./ensemble-rule.js";
import { LaneImage } from "./lane-image.js";

// A column of the result reads all columns of A; for larger matrices, each network has its own matrix products.
const widest = 32;

interface Factor {
  readonly image: LaneImage;
  /** Whether it stands for its transpose. */
  readonly flipped: boolean;
}

/** `[g, columns, rows, lanes]` of the matrix after transposition. */
const columnsFirst = ({ image, flipped }: Factor): Tensor => (flipped ? image.lanes : image.turned);
const rowsFirst = ({ image, flipped }: Factor): Tensor => (flipped ? image.turned : image.lanes);

/** The rule of Gemm without scaling, and of MatMul for matrices. */
export function laneProduct({ inputs, node, attrs }: LaneContext): LaneResult {
  const [a, b, bias = null] = inputs;
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attrs as Readonly<Record<string, number>>;
  if (!(a instanceof LaneImage) || !(b instanceof LaneImage) || alpha !== 1 || (bias !== null && beta !== 1))
    return null;
  if (a.shape.length !== 2 || b.shape.length !== 2 || !isFloat(a.dtype)) return null;
  const factors: [Factor, Factor] = [
    { image: a, flipped: transA === 1 },
    { image: b, flipped: transB === 1 },
  ];
  const [rows, columns] = node.outputs[0].shape;
  const inner = a.shape[1 - transA];
  if (rows === 0 || columns === 0 || inner === 0) return null;
  if (inner >= Math.max(rows, columns) && Math.max(rows, columns) <= widest)
    return bias === null ? [{ lanes: sumOverLong(...factors, [rows, columns, inner]) }] : null;
  if (rows < columns || Math.max(inner, columns) > widest) return null;
  if (bias === null) return [{ turned: tallBySmall(...factors, [rows, columns, inner]) }];
  if (!(bias instanceof LaneImage) || bias.shape.length !== 1 || bias.shape[0] !== columns) return null;
  const finished = (activation: string | null): Tensor =>
    tallBySmall(...factors, [rows, columns, inner], { bias: bias.lanes, activation });
  return [{ withActivation: finished }];
}

/** Rows, columns and inner size. */
type Extents = readonly [rows: number, columns: number, inner: number];

/** Operations after the product: a bias `[g, columns, lanes]`, and an element-wise function. */
interface Finish {
  readonly bias?: Tensor;
  readonly activation?: string | null;
}

function tallBySmall(
  a: Factor,
  b: Factor,
  [rows, columns, inner]: Extents,
  { bias, activation = null }: Finish = {},
): Tensor {
  const [groups, , , lanes] = columnsFirst(a).shape;
  const channels = groups * lanes;
  const padding = (columns - 1) * inner;
  const y = blockedConv(
    reshape(columnsFirst(a), [1, channels, inner, rows]),
    reshape(lastToFirst(columnsFirst(b)), [channels, 1, columns * inner, 1]),
    {
      // A convolution has one bias for all columns of a network; if there are several columns, the biases are repeated
      // and added.
      bias: bias === undefined || columns > 1 ? null : reshape(bias, [channels]),
      sum: bias === undefined || columns === 1 ? null : repeatedRow(bias, rows),
    },
    {
      ...{ group: channels, block: lanes, strides: [inner, 1], pads: [padding, 0, padding, 0] },
      ...(activation === null ? {} : { activation }),
    },
  );
  return reshape(y, [groups, columns, rows, lanes]);
}

/** Repeats a row of every network: `[1, channels, columns, rows]`. */
function repeatedRow(row: Tensor, rows: number): Tensor {
  const [groups, columns, lanes] = row.shape;
  const all = expand(reshape(row, [groups, columns, 1, lanes]), [groups, columns, rows, lanes]);
  return reshape(all, [1, groups * lanes, columns, rows]);
}

function sumOverLong(a: Factor, b: Factor, [rows, columns, inner]: Extents): Tensor {
  const image = columnsFirst(b);
  const [groups, , , lanes] = image.shape;
  const channels = groups * lanes;
  const padding = (rows - 1) * columns;
  const y = blockedConv(
    reshape(image, [1, channels, columns, inner]),
    reshape(rowsFirst(a), [channels, 1, rows, inner]),
    {},
    { group: channels, block: lanes, dilations: [columns, 1], pads: [padding, 0, padding, 0] },
  );
  return lastToFirst(reshape(y, [groups, rows, columns, lanes]));
}

/**
 * The sum over the rows of a matrix, which is the gradient of a bias, as a product with ones. ONNX Runtime's ReduceSum
 * takes twice as long over an axis in the middle.
 */
export function sumOfRows({ inputs: [x], attrs, groups, form }: LaneContext, axes: readonly number[]): LaneResult {
  if (!(x instanceof LaneImage) || !x.isTurned || !isFloat(x.dtype) || axes.length !== 1 || axes[0] !== 0) return null;
  const [rows, columns] = x.shape;
  if (rows === 0 || columns === 0) return null;
  const channels = groups * form.lanes;
  const sums = blockedConv(
    reshape(x.turned, [1, channels, columns, rows]),
    expand(scalar(1), [channels, 1, 1, rows]),
    {},
    { group: channels, block: form.lanes },
  );
  if (attrs.keepdims === 1) return [{ turned: reshape(sums, [groups, columns, 1, form.lanes]) }];
  return [{ lanes: reshape(sums, [groups, columns, form.lanes]) }];
}

/** Reverses the second axis. */
function lastToFirst(x: Tensor): Tensor {
  const count = x.shape[1];
  if (count === 1) return x;
  return gather(x, int64s(Array.from({ length: count }, (_, i) => count - 1 - i)), { axis: 1 });
}
