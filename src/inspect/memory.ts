// Estimates the memory of inference and training from the lifetimes of tensors.

import { InvalidInputError } from "../core/errors.js";
import { kindByName } from "../core/names.js";
import { isFloat } from "../core/numbers/dtype.js";
import { sizeOf } from "../core/numbers/shape.js";
import { gradients } from "../graph/gradient.js";
import { reduceSum } from "../graph/ops/reduction/reduction.js";
import { nodesInOrder } from "../graph/order.js";
import type { Node, Tensor } from "../graph/tensor.js";
import { optimizers } from "../optim/optimizers/index.js";
import type { MemoryEstimate } from "./inspection.js";
import type { Step, Subject } from "./subject/subject.js";
import { bytesOf, isInPlace, isKnown, isView } from "./subject/values.js";

export interface MemoryOptions {
  /** Kind of the optimizer whose slots are counted. Default `adam`. */
  readonly optimizer?: string;
}

/** The memory of a model in bytes. Unknown tensors count as 0. */
export function memoryEstimate(subject: Subject, options: MemoryOptions = {}): MemoryEstimate {
  const place = { where: "optimizer", what: "optimizer" };
  const { kind: optimizer } = kindByName(place, options.optimizer ?? "adam", optimizers);
  const weights = subject.parameters.reduce((sum, { bytes }) => sum + bytes, 0);
  const peak = peakOf(subject);
  const trained = subject.parameters.filter(({ isTrainable }) => isTrainable);
  // Training uses float32, whatever the file stores.
  const gradientBytes = trained.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const trainedWeights = subject.parameters.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const slots = slotCount(optimizer) * gradientBytes;
  const { bytes: savedActivations, saved } = savedActivationBytes(subject);
  return {
    inference: {
      weights,
      peakActivations: peak.bytes,
      peakLayer: peak.layer,
      total: weights + peak.bytes,
    },
    training: {
      optimizer,
      weights: trainedWeights,
      gradients: gradientBytes,
      optimizerSlots: slots,
      savedActivations,
      saved,
      total: trainedWeights + gradientBytes + slots + savedActivations,
    },
  };
}

function slotCount(kind: string): number {
  const definition = optimizers[kind as keyof typeof optimizers] as unknown as {
    (options: object): unknown;
    slots(spec: unknown): Readonly<Record<string, number>>;
  };
  return Object.keys(definition.slots(definition({}))).length;
}

/** For each tensor that shares memory, the tensor that owns it: the input of a view or an in-place function. */
type Owners = Map<Tensor, Tensor>;

/**
 * The largest sum of tensors alive at once when steps run in order. A tensor lives from the step that makes it to the
 * last one that reads it; inputs of the model live until their last use, outputs until the end. An element-wise
 * function overwrites its input unless that is read later, as in runtimes.
 */
function peakOf({ inputs, outputs, steps, floatBytes }: Subject): { bytes: number; layer: string } {
  const lastUse = lastUses(steps);
  for (const { value } of outputs) if (isKnown(value)) lastUse.set(value, steps.length);
  const owners: Owners = new Map();
  const ownerOf = (tensor: Tensor): Tensor => owners.get(tensor) ?? tensor;
  const freeAt = new Map<Tensor, number>();
  const live = (tensor: Tensor, index: number): void => {
    const owner = ownerOf(tensor);
    freeAt.set(owner, Math.max(freeAt.get(owner) ?? 0, lastUse.get(tensor) ?? index));
  };
  for (const { tensor } of inputs) live(tensor, 0);
  const given = new Set(inputs.map(({ tensor }) => tensor));
  for (const [index, step] of steps.entries()) {
    const source = step.inputs.find(isKnown);
    const isReused =
      source !== undefined &&
      (isView(step) ||
        (isInPlace(step) && !given.has(ownerOf(source)) && (freeAt.get(ownerOf(source)) ?? 0) === index));
    for (const output of step.outputs.filter(isKnown)) {
      if (isReused && bytesOf(output) <= bytesOf(ownerOf(source))) owners.set(output, ownerOf(source));
      live(output, index);
    }
  }
  return largest({ steps, inputs, ...(floatBytes === undefined ? {} : { floatBytes }) }, ownerOf, freeAt);
}

function largest(
  { steps, inputs, floatBytes }: Pick<Subject, "steps" | "inputs" | "floatBytes">,
  ownerOf: (tensor: Tensor) => Tensor,
  freeAt: ReadonlyMap<Tensor, number>,
): { bytes: number; layer: string } {
  const alive = new Set(inputs.map(({ tensor }) => tensor));
  let peak = { bytes: 0, layer: "" };
  for (const [index, step] of steps.entries()) {
    for (const output of step.outputs.filter(isKnown)) alive.add(ownerOf(output));
    const bytes = [...alive].reduce((sum, tensor) => sum + bytesOf(tensor, floatBytes), 0);
    if (bytes > peak.bytes) peak = { bytes, layer: step.name };
    for (const tensor of alive) if ((freeAt.get(tensor) ?? 0) <= index) alive.delete(tensor);
  }
  return peak;
}

function lastUses(steps: readonly Step[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const [index, { inputs }] of steps.entries())
    for (const value of inputs) if (isKnown(value)) uses.set(value, index);
  return uses;
}

/**
 * The forward tensors that the backward pass reads, found by differentiating the model: every tensor that a gradient
 * node takes, counting views of one tensor once. If a gradient is missing, all activations.
 */
function savedActivationBytes(subject: Subject): { bytes: number; saved: MemoryEstimate["training"]["saved"] } {
  const forward = subject.training?.() ?? forwardOf(subject);
  if (forward === undefined) return everything(subject);
  const { outputs, parameters } = forward;
  const roots = lastDifferentiable(outputs, parameters);
  if (roots.length === 0 || parameters.length === 0) return { bytes: 0, saved: "read by the backward pass" };
  const forwardNodes = nodesInOrder(outputs);
  try {
    const made = roots.flatMap((output) => gradients({ of: reduceSum(output), withRespectTo: parameters }));
    return { bytes: bytesRead(forwardNodes, made, parameters), saved: "read by the backward pass" };
  } catch (cause) {
    if (!(cause instanceof InvalidInputError)) throw cause;
    return everything(subject);
  }
}

/**
 * The tensors where the backward pass starts: outputs with a gradient with respect to some parameter. For other outputs
 * (classes of an ArgMax, masks), the last differentiable tensors before them.
 */
function lastDifferentiable(outputs: readonly Tensor[], parameters: readonly Tensor[]): Tensor[] {
  const reached = new Set(parameters);
  for (const { op, inputs, outputs: made } of nodesInOrder(outputs)) {
    if (op.vjp === "none" || !inputs.some((input) => input !== null && reached.has(input))) continue;
    for (const output of made) if (isFloat(output.dtype)) reached.add(output);
  }
  const roots = new Set<Tensor>();
  const seen = new Set(outputs);
  // A Set visits elements that are added during iteration.
  for (const tensor of seen) {
    if (reached.has(tensor)) roots.add(tensor);
    else for (const input of tensor.node?.inputs ?? []) if (input !== null) seen.add(input);
  }
  return [...roots];
}

function bytesRead(forward: readonly Node[], made: readonly Tensor[], parameters: readonly Tensor[]): number {
  const flow = flowOf(forward, parameters);
  const isForward = new Set(forward);
  const saved = new Set<Tensor>();
  for (const node of nodesInOrder(made)) {
    if (isForward.has(node)) continue;
    for (const input of node.inputs) if (input !== null && flow.has(input)) saved.add(flow.get(input) as Tensor);
  }
  return [...saved].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
}

/** Tensors that depend on the data, each with the tensor that owns its memory. */
function flowOf(forward: readonly Node[], parameters: readonly Tensor[]): Map<Tensor, Tensor> {
  const held = new Set(parameters);
  const flow = new Map<Tensor, Tensor>();
  for (const { op, inputs, outputs } of forward) {
    for (const input of inputs) {
      // Graph inputs other than parameters are data. Scalars (keys, statistics) take no memory worth counting.
      if (input !== null && input.node === undefined && !held.has(input) && input.shape.length > 1)
        flow.set(input, input);
    }
    const from = inputs.find((input): input is Tensor => input !== null && flow.has(input));
    if (from === undefined) continue;
    for (const output of outputs) flow.set(output, op.isView === true ? (flow.get(from) as Tensor) : output);
  }
  return flow;
}

function everything({ steps, inputs }: Subject): { bytes: number; saved: "all" } {
  const made = steps.filter((step) => !isView(step)).flatMap(({ outputs }) => outputs.filter(isKnown));
  return {
    bytes: [...inputs.map(({ tensor }) => tensor), ...made].reduce((sum, tensor) => sum + bytesOf(tensor), 0),
    saved: "all",
  };
}

/** The forward pass of the steps; none if part of it is unknown. */
function forwardOf({ outputs, steps, parameterTensors }: Subject) {
  if (parameterTensors === undefined || steps.some(({ unknown }) => unknown !== undefined)) return undefined;
  const known = outputs.map(({ value }) => value).filter(isKnown);
  return { outputs: known, parameters: parameterTensors };
}
