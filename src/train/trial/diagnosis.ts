// Where a diverged step went bad: the step once more, outside the loop, with every value checked.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { sub } from "../../graph/ops/elementwise/arithmetic.js";
import { concat, reshape } from "../../graph/ops/movement/shape-movement.js";
import { reduceSum } from "../../graph/ops/reduction/reduction.js";
import { nodesInOrder } from "../../graph/order.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import { unpackValues } from "../program/packing.js";
import type { TrainingRequest } from "../program/program-request.js";
import { singleStep } from "../program/single-step.js";
import type { StateLayout } from "../program/state-layout.js";
import { trainingStep } from "../program/step.js";

export interface DiagnosisProgram {
  /**
   * Inputs as those of the training program, with `iteration` for `steps`. Output `flags`: 0 where a value is finite
   * throughout, else NaN.
   */
  readonly graph: Graph;
  /** What each flag stands for, in order of execution: `parameter 0.weight`, `model.layers[3] (conv2d) > Conv`. */
  readonly names: readonly string[];
}

/** Builds the check of the first step of a segment: parameters and buffers first, then every value up to the loss. */
export function diagnosisProgram(request: TrainingRequest): DiagnosisProgram {
  const { microBatchSize: _, ...whole } = request;
  const step = trainingStep(whole);
  const checked: { name: string; tensor: Tensor }[] = [...step.batch.tensors].map(([path, tensor]) => ({
    name: `parameter ${path}`,
    tensor,
  }));
  const known = new Set(checked.map(({ tensor }) => tensor));
  for (const { outputs, op, scope } of nodesInOrder([step.loss])) {
    const [tensor] = outputs;
    if (tensor.dtype !== "float32" || scope === undefined || known.has(tensor) || op.arity[1] === 0) continue;
    checked.push({ name: `${scope} > ${op.name}`, tensor });
  }
  // x - x is 0 for every number, and NaN for infinities and NaN.
  const flags = checked.map(({ tensor }) => reshape(reduceSum(sub(tensor, tensor)), [1]));
  return {
    graph: singleStep(step, { flags: concat(flags, { axis: 0 }) }),
    names: checked.map(({ name }) => name),
  };
}

/** The first thing that is not finite, if any is. */
export function firstBad(names: readonly string[], flags: ArrayLike<number>): string | undefined {
  return names.find((_, i) => !Number.isFinite(flags[i]));
}

/**
 * The first value that is not finite of each network that has one, in the order of the networks: of parameters, of the
 * optimizer's slots, then of buffers.
 * @param state vectors of all networks, in the order of `stateNames`.
 */
export function badValues(layout: StateLayout, state: readonly TensorData[], networks: number): Map<number, string> {
  const { parameters, slots, buffers } = layout;
  const groups = [
    { what: "parameter", packing: parameters },
    ...Object.keys(slots).map((slot) => ({ what: slot, packing: parameters })),
    { what: "parameter", packing: buffers },
  ];
  const found = new Map<number, string>();
  let first = 0;
  for (const { what, packing } of groups) {
    const vectors = state.slice(first, first + packing.length);
    first += packing.length;
    for (const [path, network] of badTensors(unpackValues(packing, vectors), networks))
      if (!found.has(network)) found.set(network, `${what} ${path}`);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** Tensors that are not finite throughout, with the networks for which that is so; the last axis counts networks. */
function* badTensors(tensors: ReadonlyMap<string, TensorData>, networks: number): Generator<[string, number]> {
  for (const [path, { data }] of tensors) {
    const values = data as Float32Array;
    const bad = new Set<number>();
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) bad.add(i % networks);
    for (const network of bad) yield [path, network];
  }
}
