// Products of small matrices for networks in groups of lanes: convolutions in which every network is a channel.
//
//   tall A [rows, inner] times small B      image: columns of A, one above the other; kernel: a column of B
//   two long factors, summed over `inner`   image: columns of B, rows of A side by side as kernel
//
// A convolution along the first axis gives every column of the result in one call where the kernel holds the columns of
// B last to first, one behind the other, and stride and padding are such that each place sees one of them only.

import { isFloat } from "../../core/dtype.js";
import { int64s, scalar } from "../build.js";
import type { LaneContext, LaneResult } from "../op.js";
import type { Tensor } from "../tensor.js";
import { blockedConv } from "./blocked-operators.js";
import { gather } from "./indexing.js";
import { LaneImage } from "./lane-image.js";
import { concat, expand, reshape } from "./shape-movement.js";
import { split } from "./slicing.js";

// A column of the result reads all columns of A: beyond this the networks go by matrix products of their own.
const widest = 32;

interface Factor {
  readonly image: LaneImage;
  /** Its transpose is meant. */
  readonly flipped: boolean;
}

/** `[g, columns, rows, lanes]` of the matrix that is meant. */
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
  return [{ withActivation: (activation) => affine(...factors, bias.lanes, [rows, columns, inner], activation) }];
}

/** Rows, columns, and what is summed over. */
type Extents = readonly [rows: number, columns: number, inner: number];

function tallBySmall(a: Factor, b: Factor, [rows, columns, inner]: Extents): Tensor {
  const [groups, , , lanes] = columnsFirst(a).shape;
  const channels = groups * lanes;
  const padding = (columns - 1) * inner;
  const y = blockedConv(
    reshape(columnsFirst(a), [1, channels, inner, rows]),
    reshape(lastToFirst(columnsFirst(b)), [channels, 1, columns * inner, 1]),
    null,
    { group: channels, block: lanes, strides: [inner, 1], pads: [padding, 0, padding, 0] },
  );
  return reshape(y, [groups, columns, rows, lanes]);
}

/** `A B + bias`, after which a function may be applied: column by column, since each has a bias of its own. */
function affine(
  a: Factor,
  b: Factor,
  bias: Tensor,
  [rows, columns, inner]: Extents,
  activation: string | null,
): Tensor {
  const image = columnsFirst(a);
  const [groups, , , lanes] = image.shape;
  const channels = groups * lanes;
  const one = new Array<number>(columns).fill(1);
  const each = (x: Tensor): Tensor[] => (columns === 1 ? [x] : split(x, one, { axis: 1 }));
  const biases = each(bias);
  const results = each(columnsFirst(b)).map((kernel, column) => {
    const y = blockedConv(
      reshape(image, [1, channels, inner, rows]),
      reshape(kernel, [channels, 1, inner, 1]),
      reshape(biases[column], [channels]),
      { group: channels, block: lanes, ...(activation === null ? {} : { activation }) },
    );
    return reshape(y, [groups, 1, rows, lanes]);
  });
  return columns === 1 ? results[0] : concat(results, { axis: 1 });
}

function sumOverLong(a: Factor, b: Factor, [rows, columns, inner]: Extents): Tensor {
  const image = columnsFirst(b);
  const [groups, , , lanes] = image.shape;
  const channels = groups * lanes;
  const padding = (rows - 1) * columns;
  const y = blockedConv(
    reshape(image, [1, channels, columns, inner]),
    reshape(rowsFirst(a), [channels, 1, rows, inner]),
    null,
    { group: channels, block: lanes, dilations: [columns, 1], pads: [padding, 0, padding, 0] },
  );
  return lastToFirst(reshape(y, [groups, rows, columns, lanes]));
}

/**
 * The sum over the rows of a matrix, the gradient of a bias: a product with ones. ONNX Runtime's ReduceSum takes twice as
 * long over an axis in the middle.
 */
export function sumOfRows({ inputs: [x], attrs, groups, form }: LaneContext, axes: readonly number[]): LaneResult {
  if (!(x instanceof LaneImage) || !x.isTurned || !isFloat(x.dtype) || axes.length !== 1 || axes[0] !== 0) return null;
  const [rows, columns] = x.shape;
  if (rows === 0 || columns === 0) return null;
  const channels = groups * form.lanes;
  const sums = blockedConv(
    reshape(x.turned, [1, channels, columns, rows]),
    expand(scalar(1), [channels, 1, 1, rows]),
    null,
    { group: channels, block: form.lanes },
  );
  if (attrs.keepdims === 1) return [{ turned: reshape(sums, [groups, columns, 1, form.lanes]) }];
  return [{ lanes: reshape(sums, [groups, columns, form.lanes]) }];
}

/** The second axis reversed. */
function lastToFirst(x: Tensor): Tensor {
  const count = x.shape[1];
  if (count === 1) return x;
  return gather(x, int64s(Array.from({ length: count }, (_, i) => count - 1 - i)), { axis: 1 });
}
