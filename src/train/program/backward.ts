// Loss, gradients and new buffers of one batch: at once, or summed over micro-batches in an inner loop.
import type { DType } from "../../core/numbers/dtype.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant, input, scalar, withScope } from "../../graph/build.js";
import { gradients } from "../../graph/gradient.js";
import { graph, rewriteGraph } from "../../graph/graph.js";
import { add, div, max, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { loop } from "../../graph/ops/loop.js";
import { expand, gather, reshape } from "../../graph/ops/movement/shape-movement.js";
import { slice } from "../../graph/ops/movement/slicing.js";
import { exchangePicks } from "../../graph/passes/exchange.js";
import { multiplyByParts } from "../../graph/passes/parts.js";
import { polyphasePooling } from "../../graph/passes/polyphase.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import { augmented } from "../../nn/augmentations.js";
import { lastActivation } from "../../nn/losses/last-activation.js";
import type { TargetCounts } from "../../nn/losses/loss.js";
import type { Loss } from "../../nn/losses.js";
import type { Network } from "../../nn/network.js";
import { type Site, sitesOf } from "../../probes/sites.js";
import { gatherBatch } from "../data/batch.js";
import { lowerTraining } from "./compile.js";
import { joinParts, pack, unpack, unpackParts } from "./packing.js";
import type { ProgramRequest, TrainingRequest } from "./program-request.js";
import type { StateLayout } from "./state-layout.js";

/** The inputs of a batch's computation. State is in packed vectors. */
export interface BackwardInputs {
  readonly inputs: readonly Tensor[];
  readonly targets: Tensor;
  /** `int32 [batch]`. */
  readonly rows: Tensor;
  readonly parameters: readonly Tensor[];
  readonly buffers: readonly Tensor[];
  /** `uint32` scalars: two per random layer, then two per augmentation. */
  readonly keys: readonly Tensor[];
}

export interface BackwardResults {
  readonly loss: Tensor;
  /** Number of correct predictions; absent for regression. */
  readonly correct?: Tensor;
  /** Divisors of the loss and of the number correct; absent if both are means over examples. */
  readonly counts?: TargetCounts;
  /** Gradients of the loss, packed like the parameters. */
  readonly gradients: readonly Tensor[];
  readonly buffers: readonly Tensor[];
}

export interface BackwardRequest extends ProgramRequest, Pick<TrainingRequest, "augment"> {
  readonly state: StateLayout;
}

export interface WholeBatch extends BackwardResults {
  /** Parameters and buffers by path. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly gradientOf: ReadonlyMap<string, Tensor>;
  readonly output: Tensor;
  /** Probed activations with the gradient of the loss with respect to them, if requested. */
  readonly sites: readonly (Site & { readonly gradient: Tensor })[];
}

export interface WholeBatchOptions {
  /** `uint32` scalar: number of examples of the batch before these. */
  readonly firstExample?: Tensor;
  /** Factor of the loss: these examples as a fraction of the batch. */
  readonly share?: number;
  /** Divisors of the whole batch, of which these examples are a part, if they depend on targets. */
  readonly wholeCounts?: TargetCounts;
  /**
   * Whether to find the sites of probes. Then the network is not rewritten for speed, so that every activation exists.
   */
  readonly sites?: boolean;
}

/** Computes the batch at once. */
export function wholeBatch(
  request: BackwardRequest,
  given: BackwardInputs,
  { firstExample = scalar(0, "uint32"), share = 1, wholeCounts, sites: wantsSites = false }: WholeBatchOptions = {},
): WholeBatch {
  const { network: source, layout, loss, batchSize, state, augment = [] } = request;
  const inputShapes = layout.inputs.map(({ shape }) => shape);
  const template = source.build({ mode: "training", batchSize, inputShapes });
  const ownKeys = given.keys.slice(2 * template.randomKeys.length);
  const changed = (images: Tensor): Tensor =>
    augmented(
      images,
      augment,
      augment.map((_, i) => [ownKeys[2 * i], ownKeys[2 * i + 1], firstExample]),
    );
  const { xs, y } = withScope("data", () => gatherBatch(layout, given, given.rows, inputTypes(template), changed));
  const parts = unpackParts(state.parameters, given.parameters);
  const tensors = new Map([...joinParts(state.parameters, parts), ...unpack(state.buffers, given.buffers)]);
  const network = bindNetwork(template, xs, tensors, given.keys, { firstExample, sites: wantsSites, parts });
  const counts = loss.counts?.(network.output, y);
  const lossValue = withScope("loss", () => {
    const value = loss.build(network.output, y);
    if (counts !== undefined && wholeCounts !== undefined)
      return mul(value, fraction(counts.weight, wholeCounts.weight));
    return share === 1 ? value : mul(value, scalar(share));
  });
  const ofWhole = (correct: Tensor): Tensor => {
    const [own, all] = [counts?.counted, wholeCounts?.counted];
    return own === undefined || all === undefined ? correct : mul(correct, div(fraction(own, all), scalar(share)));
  };
  const values = [
    ...gradients({
      of: lossValue,
      withRespectTo: [...[...parts.values()].flat(), ...network.sites.map(({ activation }) => activation)],
    }),
  ];
  const gradientParts = new Map([...parts].map(([path, own]) => [path, values.splice(0, own.length)]));
  return {
    loss: lossValue,
    ...(loss.correct === undefined ? {} : { correct: ofWhole(loss.correct(network.output, y)) }),
    ...(counts === undefined ? {} : { counts }),
    gradients: pack(state.parameters, (path) => gradientParts.get(path) as Tensor[]),
    buffers: pack(state.buffers, (path) => [network.buffers.get(path) as Tensor]),
    tensors,
    gradientOf: joinParts(state.parameters, gradientParts),
    output: network.output,
    sites: network.sites.map((site, i) => ({
      ...site,
      gradient: passesOver(loss, site.activation, network.output) ? outputGradient(loss, network.output, y) : values[i],
    })),
  };
}

/** `part / whole`, 0 where the whole is. */
function fraction(part: Tensor, whole: Tensor): Tensor {
  return div(part, max(whole, scalar(leastNormal)));
}

const leastNormal = 2 ** -126;

/** Divisors of a whole batch that is computed in parts: they depend on its targets alone. */
function countsOfWhole({ network, layout, loss, batchSize }: BackwardRequest, given: BackwardInputs, partSize: number) {
  if (loss.counts === undefined) return undefined;
  const inputShapes = layout.inputs.map(({ shape }) => shape);
  const { dtype, shape } = network.build({ mode: "training", batchSize: partSize, inputShapes }).output;
  const targets = gather(given.targets, given.rows, { axis: 0 });
  return loss.counts({ dtype, shape: shape.with(0, batchSize) }, targets);
}

/** Whether a loss reads the logits of the last activation, so that its output gets no gradient. */
function passesOver({ readsLogits }: Loss, activation: Tensor, output: Tensor): boolean {
  return readsLogits && activation === output && lastActivation(output) !== undefined;
}

/** The gradient of a loss with respect to the output itself, whatever made it. */
function outputGradient(loss: Loss, output: Tensor, targets: Tensor): Tensor {
  const given = input("output", output.dtype, output.shape);
  const [slope] = gradients({ of: loss.build(given, targets), withRespectTo: [given] });
  return rewriteGraph(graph([], { slope }), () => undefined, new Map([[given, output]])).outputs[0].tensor;
}

/**
 * Computes the batch in parts of `microBatchSize` examples (the last may be smaller), so that only the activations of
 * one part are in memory. The gradient of a mean over the batch is the sum of the gradients of its parts, weighted by
 * their sizes, or by what counts in them: equal to that of the whole batch up to rounding, with the same random masks.
 * Layers that depend on the whole batch see only a part of it: batch normalization uses the statistics of each part, and
 * updates the running statistics once per part.
 */
export function microBatches(request: BackwardRequest, given: BackwardInputs, microBatchSize: number): BackwardResults {
  const { batchSize, loss, state } = request;
  const whole = Math.floor(batchSize / microBatchSize);
  const rest = batchSize % microBatchSize;
  const zero = scalar(0);
  const none: BackwardResults = {
    loss: zero,
    ...(loss.correct === undefined ? {} : { correct: zero }),
    gradients: state.parameters.map(({ length }) => expand(zero, [length])),
    buffers: given.buffers,
  };
  const rows = reshape(slice(given.rows, { starts: [0], ends: [whole * microBatchSize] }), [whole, microBatchSize]);
  const counts = countsOfWhole(request, given, microBatchSize);
  const divisors =
    counts === undefined ? [] : [counts.weight, ...(counts.counted === undefined ? [] : [counts.counted])];
  const captured = [...divisors, ...given.inputs, given.targets, rows, ...given.parameters, ...given.keys];
  const { carried } = loop({ tripCount: whole, carried: listed(none), captured }, (number, sums, read) => {
    const at = unlisted(none, sums);
    const inputs = partInputs(given, read.slice(divisors.length), number, at.buffers);
    const [weight, counted] = read.slice(0, divisors.length);
    const part = wholeBatch({ ...request, batchSize: microBatchSize }, inputs, {
      firstExample: cast(mul(number, scalar(microBatchSize, "int64")), "uint32"),
      share: microBatchSize / batchSize,
      ...(weight === undefined ? {} : { wholeCounts: { weight, ...(counted === undefined ? {} : { counted }) } }),
    });
    const outputs = Object.fromEntries(listed(summed(at, part)).map((tensor, i) => [`${i}`, tensor]));
    return { carried: lowerTraining(graph([], outputs), request.target).outputs.map(({ tensor }) => tensor) };
  });
  const sums = unlisted(none, carried);
  const divided = counts === undefined ? {} : { counts };
  if (rest === 0) return { ...sums, ...divided };
  const last = slice(given.rows, { starts: [whole * microBatchSize], ends: [batchSize] });
  const part = wholeBatch(
    { ...request, batchSize: rest },
    { ...given, rows: last, buffers: sums.buffers },
    {
      firstExample: scalar(whole * microBatchSize, "uint32"),
      share: rest / batchSize,
      ...(counts === undefined ? {} : { wholeCounts: counts }),
    },
  );
  return { ...summed(sums, part), ...divided };
}

/** The values that the body of the loop over parts reads, taken from the captured values in order. */
function partInputs(
  given: BackwardInputs,
  read: readonly Tensor[],
  number: Tensor,
  buffers: readonly Tensor[],
): BackwardInputs {
  const rest = [...read];
  const inputs = rest.splice(0, given.inputs.length);
  const [targets, rows] = rest.splice(0, 2);
  const parameters = rest.splice(0, given.parameters.length);
  return { inputs, targets, rows: gather(rows, number, { axis: 0 }), parameters, keys: rest, buffers };
}

function summed(sums: BackwardResults, part: BackwardResults): BackwardResults {
  return {
    loss: add(sums.loss, part.loss),
    ...(sums.correct === undefined ? {} : { correct: add(sums.correct, part.correct as Tensor) }),
    gradients: sums.gradients.map((sum, i) => add(sum, part.gradients[i])),
    buffers: part.buffers,
  };
}

/** Results as one list, for a loop to carry. */
function listed({ loss, correct, gradients: vectors, buffers }: BackwardResults): Tensor[] {
  return [loss, ...(correct === undefined ? [] : [correct]), ...vectors, ...buffers];
}

function unlisted(like: BackwardResults, list: readonly Tensor[]): BackwardResults {
  const [loss, ...rest] = list;
  const correct = like.correct === undefined ? [] : rest.splice(0, 1);
  return {
    loss,
    ...(correct.length === 0 ? {} : { correct: correct[0] }),
    gradients: rest.slice(0, like.gradients.length),
    buffers: rest.slice(like.gradients.length),
  };
}

/** Element types of a network's inputs. */
export function inputTypes(template: Network): DType[] {
  return template.inputs.map(({ dtype }) => dtype);
}

export interface BindingOptions extends WholeBatchOptions {
  /** Parameters that are split into parts, which products read separately. */
  readonly parts?: ReadonlyMap<string, readonly Tensor[]>;
}

export interface BoundNetwork {
  readonly output: Tensor;
  /** New values of buffers, by path; frozen parameters are unchanged. */
  readonly buffers: ReadonlyMap<string, Tensor>;
  readonly sites: readonly Site[];
}

/** The network with its actual inputs, parameters, buffers and random keys instead of the template's placeholders. */
export function bindNetwork(
  template: Network,
  xs: readonly Tensor[],
  tensors: ReadonlyMap<string, Tensor>,
  keys: readonly Tensor[],
  {
    firstExample = constant(tensorFrom("uint32", [], [0])),
    sites: wantsSites = false,
    parts = new Map(),
  }: BindingOptions = {},
): BoundNetwork {
  const replaced = new Map<Tensor, Tensor>([[template.firstExample, firstExample]]);
  for (const [i, x] of xs.entries()) replaced.set(template.inputs[i], x);
  for (const { path, tensor } of [...template.parameters, ...template.frozen, ...template.buffers])
    replaced.set(tensor, tensors.get(path) as Tensor);
  for (const [i, key] of template.randomKeys.flatMap(({ tensors }) => tensors).entries()) replaced.set(key, keys[i]);
  const sites = wantsSites ? sitesOf(template.output, template.inputs) : [];
  const source: Graph = {
    inputs: [],
    outputs: [
      { name: "output", tensor: template.output },
      ...template.buffers.map(({ path, next }) => ({ name: path, tensor: next })),
      ...sites.flatMap(({ path, activation, preActivation = activation }) => [
        { name: path, tensor: activation },
        { name: path, tensor: preActivation },
      ]),
    ],
  };
  const cut = [...parts].filter(([, own]) => own.length > 1);
  const byParts = multiplyByParts(new Map(cut.map(([path, own]) => [tensors.get(path) as Tensor, own])));
  const bound = wantsSites
    ? rewriteGraph(source, () => undefined, replaced)
    : polyphasePooling(rewriteGraph(source, (node, xs) => byParts(node, xs) ?? exchangePicks(node, xs), replaced));
  const [output, ...rest] = bound.outputs.map(({ tensor }) => tensor);
  const ofSites = rest.slice(template.buffers.length);
  return {
    output,
    buffers: new Map([
      ...template.buffers.map(({ path }, i) => [path, rest[i]] as const),
      ...template.frozen.map(({ path }) => [path, tensors.get(path) as Tensor] as const),
    ]),
    sites: sites.map((site, i) => ({
      ...site,
      activation: ofSites[2 * i],
      ...(site.preActivation === undefined ? {} : { preActivation: ofSites[2 * i + 1] }),
    })),
  };
}
