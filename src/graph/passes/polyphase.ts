// A pattern of two operators: convolution, then 2x2 max-pooling, as one convolution over four interleaved half-size images.
//
//   x [N, C, H, W] --space to depth--> [N, 4C, H/2, W/2] --conv, 4 O filters of half size--> [N, O, 4, places]
//     --channel-wise operators (batch norm, ReLU)--> --largest of 4--> [N, O, H'/2, W'/2]
//
// The four values of a pooling window are adjacent in memory, so pooling and its gradient are plain comparisons of
// whole blocks, the columns of the weight gradient are 2.8 times smaller (36 taps of a quarter of the positions instead
// of 25 of all, for a 5x5 kernel), and matrix products have 4 times the rows. It costs (k+1)^2 / k^2 times the
// multiplications and a rearranged input, so it pays off only for the few channels of a first layer.
import { constant } from "../build.js";
import { rewriteGraph } from "../graph.js";
import type { Op } from "../op.js";
import { add } from "../ops/elementwise/arithmetic.js";
import { spaceToDepth } from "../ops/movement/depth-space.js";
import { expand, pad, reshape, transpose } from "../ops/movement/shape-movement.js";
import { matMul } from "../ops/products/matmul.js";
import { type ConvAttributes, conv, convOp } from "../ops/windows/convolution.js";
import { type MaxPoolAttributes, maxPool, maxPoolOp } from "../ops/windows/pooling.js";
import { nodesOf } from "../order.js";
import type { Graph, Node, Tensor } from "../tensor.js";

// Measured on LeNet-5 (bench/lowerings.ts): 1 channel gains, 6 channels lose.
const mostChannels = 3;

/** A match of the rewriting: the convolution, the nodes in between, the pooling. */
interface Site {
  readonly conv: Node;
  readonly between: readonly Node[];
  readonly pool: Node;
}

/** Rewrites every convolution of few channels that only feeds a 2x2 max-pooling. Values are equal up to rounding. */
export function polyphasePooling(source: Graph): Graph {
  const sites = findSites(source);
  if (sites.length === 0) return source;
  const convs = new Map(sites.map((site) => [site.conv, site]));
  const pools = new Map(sites.map((site) => [site.pool, site]));
  const biases = new Map<Site, Tensor | null>();
  return rewriteGraph(source, (node, inputs) => {
    const begun = convs.get(node);
    if (begun !== undefined) {
      biases.set(begun, inputs[2] ?? null);
      return [phaseConvolution(begun, inputs)];
    }
    // Nodes in between are rebuilt on the new layout unchanged, because they do not depend on the order of positions.
    const ended = pools.get(node);
    return ended === undefined ? undefined : [largestPhase(ended, inputs[0] as Tensor, biases.get(ended) ?? null)];
  });
}

function findSites(source: Graph): Site[] {
  const uses = countUses(source);
  const sites: Site[] = [];
  for (const pool of nodesOf(source)) {
    if (!isHalvingPool(pool)) continue;
    const between: Node[] = [];
    let value = pool.inputs[0] as Tensor;
    while (value.node?.op.isChannelwise === true && value.outputIndex === 0 && uses.get(value) === 1) {
      between.push(value.node);
      value = value.node.inputs[0] as Tensor;
    }
    if (value.node !== undefined && uses.get(value) === 1 && isFitConvolution(value.node))
      sites.push({ conv: value.node, between, pool });
  }
  return sites;
}

function countUses(source: Graph): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const use = (tensor: Tensor | null): void => {
    if (tensor !== null) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  };
  for (const node of nodesOf(source)) node.inputs.forEach(use);
  for (const { tensor } of source.outputs) use(tensor);
  return uses;
}

const all = (values: readonly number[] | undefined, wanted: number): boolean =>
  values === undefined || values.every((value) => value === wanted);

/** 2x2 windows of stride 2 without padding, over even sizes. */
function isHalvingPool(node: Node): boolean {
  if (node.op !== (maxPoolOp as Op) || node.outputs.length !== 1) return false;
  const attrs = node.attrs as MaxPoolAttributes;
  const shape = node.inputs[0]?.shape ?? [];
  return (
    shape.length === 4 &&
    attrs.kernel_shape?.length === 2 &&
    all(attrs.kernel_shape, 2) &&
    attrs.strides?.length === 2 &&
    all(attrs.strides, 2) &&
    all(attrs.pads, 0) &&
    all(attrs.dilations, 1) &&
    attrs.auto_pad === "NOTSET" &&
    shape[2] % 2 === 0 &&
    shape[3] % 2 === 0
  );
}

/** Stride 1, one group, odd square kernel, few channels. */
function isFitConvolution(node: Node): boolean {
  if (node.op !== (convOp as Op)) return false;
  const attrs = node.attrs as ConvAttributes;
  const [x, w] = node.inputs as readonly Tensor[];
  const kernel = w.shape.slice(2);
  return (
    x.shape.length === 4 &&
    x.shape[1] <= mostChannels &&
    kernel[0] === kernel[1] &&
    kernel[0] % 2 === 1 &&
    kernel[0] > 1 &&
    all(attrs.strides, 1) &&
    all(attrs.dilations, 1) &&
    attrs.group === 1 &&
    attrs.auto_pad === "NOTSET"
  );
}

/**
 * The convolution's values as `[batch, filters, 4, places]`; the four are the positions of a pooling window, row by
 * row. If there are no nodes in between, the bias is omitted and added after pooling, to a quarter of the values.
 */
function phaseConvolution({ conv: node, between }: Site, inputs: readonly (Tensor | null)[]): Tensor {
  const [x, w, bias] = inputs as readonly [Tensor, Tensor, Tensor | null | undefined];
  const { pads } = node.attrs as ConvAttributes;
  const [top, left, bottom, right] = pads ?? [0, 0, 0, 0];
  const [batch, filters, height, width] = node.outputs[0].shape;
  const padded = top + left + bottom + right === 0 ? x : pad(x, [0, 0, top, left, 0, 0, bottom, right]);
  const early = bias === null || bias === undefined || between.length === 0 ? null : bias;
  const repeated = early === null ? null : reshape(expand(reshape(early, [filters, 1]), [filters, 4]), [4 * filters]);
  const y = conv(spaceToDepth(padded, 2), phaseWeights(w), repeated);
  return reshape(y, [batch, filters, 4, (height / 2) * (width / 2)]);
}

/**
 * For each of the four positions, the kernel shifted there and cut into 2x2 blocks: `[O 4, 4 C, (k+1)/2, (k+1)/2]`. One
 * product with zeros and ones does all of it, forward and backward.
 */
function phaseWeights(w: Tensor): Tensor {
  const [filters, channels, extent] = w.shape;
  const half = (extent + 1) / 2;
  const spread = matMul(reshape(w, [filters * channels, extent * extent]), phasePattern(extent));
  const blocks = reshape(spread, [filters, channels, 4, 4, half, half]);
  const ordered = channels === 1 ? blocks : transpose(blocks, [0, 2, 3, 1, 4, 5]);
  return reshape(ordered, [4 * filters, 4 * channels, half, half]);
}

/** `[taps, position x position in a block x block]`: 1 at the destination of a tap. */
function phasePattern(extent: number): Tensor {
  const half = (extent + 1) / 2;
  const columns = 16 * half * half;
  const values = new Float32Array(extent * extent * columns);
  const bits = [0, 1];
  let column = 0;
  for (const down of bits)
    for (const across of bits)
      for (const dy of bits)
        for (const dx of bits) {
          for (let a = 0; a < half; a++) {
            for (let b = 0; b < half; b++, column++) {
              const [row, tap] = [2 * a + dy - down, 2 * b + dx - across];
              if (row >= 0 && row < extent && tap >= 0 && tap < extent)
                values[(row * extent + tap) * columns + column] = 1;
            }
          }
        }
  return constant({ dtype: "float32", shape: [extent * extent, columns], data: values });
}

/** The largest of the four, in the pooled shape, plus the bias if it was omitted before. */
function largestPhase({ conv: node, between, pool }: Site, y: Tensor, bias: Tensor | null): Tensor {
  const largest = reshape(maxPool(y, { kernel_shape: [4, 1], strides: [4, 1] }), pool.outputs[0].shape);
  return bias === null || between.length > 0
    ? largest
    : add(largest, reshape(bias, [1, node.outputs[0].shape[1], 1, 1]));
}
