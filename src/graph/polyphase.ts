// Convolution, then 2x2 max-pooling: computed as one convolution over four interleaved half-size images.
//
//   x [N, C, H, W] --space to depth--> [N, 4C, H/2, W/2] --conv, 4 O filters of half size--> [N, O, 4, places]
//     --channel-wise operators (batch norm, ReLU)--> --largest of 4--> [N, O, H'/2, W'/2]
//
// The four values of a pooling window lie one after the other in memory, so pooling and its gradient are plain
// comparisons of whole blocks, the columns of the weight gradient are 2.8 times smaller (36 taps of a quarter of the
// places instead of 25 of all, for a 5x5 kernel), and matrix products have 4 times the rows. It costs (k+1)^2 / k^2 of
// the multiplications and a rearranged input, so it pays for the few channels of a first layer only.
import { rewriteGraph } from "./graph.js";
import type { Op } from "./op.js";
import { type ConvAttributes, conv, convOp } from "./ops/convolution.js";
import { type MaxPoolAttributes, maxPool, maxPoolOp } from "./ops/pooling.js";
import { concat, expand, pad, reshape, transpose } from "./ops/shape-movement.js";
import { nodesOf } from "./order.js";
import type { Graph, Node, Tensor } from "./tensor.js";

// Measured on LeNet-5 (bench/lowerings.ts): 1 channel gains, 6 channels lose.
const mostChannels = 3;

/** One place where the rewriting applies: the convolution, what stands between, the pooling. */
interface Site {
  readonly conv: Node;
  readonly between: readonly Node[];
  readonly pool: Node;
}

/** Rewrites every convolution of few channels that only feeds a 2x2 max-pooling. Values are equal up to rounding. */
export function polyphasePooling(source: Graph): Graph {
  const sites = findSites(source);
  if (sites.length === 0) return source;
  const convs = new Set(sites.map((site) => site.conv));
  const pools = new Set(sites.map((site) => site.pool));
  return rewriteGraph(source, (node, inputs) => {
    if (convs.has(node)) return [phaseConvolution(node, inputs)];
    // Nodes between are rebuilt on the new layout by themselves: they do not care for the order of places.
    if (pools.has(node)) return [largestPhase(node, inputs[0] as Tensor)];
    return undefined;
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

/** 2x2 windows, two apart, without padding, over even extents. */
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

/** The convolution's values as `[batch, filters, 4, places]`; the four are the places of a pooling window, row by row. */
function phaseConvolution(node: Node, inputs: readonly (Tensor | null)[]): Tensor {
  const [x, w, bias] = inputs as readonly [Tensor, Tensor, Tensor | null | undefined];
  const { pads } = node.attrs as ConvAttributes;
  const [top, left, bottom, right] = pads ?? [0, 0, 0, 0];
  const [batch, , height, width] = node.outputs[0].shape;
  const padded = top + left + bottom + right === 0 ? x : pad(x, [0, 0, top, left, 0, 0, bottom, right]);
  const filters = w.shape[0];
  const repeated =
    bias === null || bias === undefined
      ? null
      : reshape(expand(reshape(bias, [filters, 1]), [filters, 4]), [4 * filters]);
  const y = conv(spaceToDepth(padded), phaseWeights(w), repeated);
  return reshape(y, [batch, filters, 4, (height / 2) * (width / 2)]);
}

/** `[N, C, H, W]` to `[N, C 4, H/2, W/2]`: the four places of each 2x2 block become channels, row by row. */
function spaceToDepth(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  const blocks = transpose(reshape(x, [batch, channels, height / 2, 2, width / 2, 2]), [0, 1, 3, 5, 2, 4]);
  return reshape(blocks, [batch, channels * 4, height / 2, width / 2]);
}

/** For each of the four places the kernel shifted there, cut into 2x2 blocks: `[O 4, C 4, (k+1)/2, (k+1)/2]`. */
function phaseWeights(w: Tensor): Tensor {
  const [filters, channels, extent] = w.shape;
  const shifted = [0, 1].flatMap((down) =>
    [0, 1].map((across) => {
      const moved = pad(w, [0, 0, down, across, 0, 0, 1 - down, 1 - across]);
      return reshape(moved, [filters, 1, channels, extent + 1, extent + 1]);
    }),
  );
  return spaceToDepth(reshape(concat(shifted, { axis: 1 }), [filters * 4, channels, extent + 1, extent + 1]));
}

/** The largest of the four, in the pooled shape. */
function largestPhase(node: Node, y: Tensor): Tensor {
  return reshape(maxPool(y, { kernel_shape: [4, 1], strides: [4, 1] }), node.outputs[0].shape);
}
