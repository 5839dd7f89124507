// The programs of a trial: a Loop over the steps of a segment, with state carried and data captured.
//
//   inputs   steps, rows [steps, batch], hyper [steps, h], keys [steps, 2 k], data.inputs, data.targets,
//            state vectors (parameters, one set per slot, buffers)
//   body     one step, see step.ts
//   outputs  state vectors after the last step, loss [steps], correct [steps], and where they depend on the targets what
//            both are divided by: weight [steps], counted [steps]; gradientNorm [steps] and clipped [steps] if wanted
//
// For an ensemble (ensemble-form.ts), rows, keys and other varying inputs have a last axis for the networks, and so
// have loss and correct; a state vector contains all networks.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { apply, constant, input, withScope } from "../../graph/build.js";
import { graph } from "../../graph/graph.js";
import type { Op } from "../../graph/op.js";
import { loopOp } from "../../graph/ops/loop.js";
import { slice } from "../../graph/ops/movement/slicing.js";
import type { LaneForm } from "../../graph/ops/network-axis/lane-image.js";
import { onnxruntimeCpu } from "../../graph/targets/onnxruntime-cpu/index.js";
import type { Target } from "../../graph/targets/target.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import { gatherBatch } from "../data/batch.js";
import { bindNetwork, inputTypes } from "./backward.js";
import { lowerInference, lowerTraining } from "./compile.js";
import {
  carriedFromLanes,
  carriedInLanes,
  type EnsembleForm,
  ensembleBody,
  ensembleCaptures,
  ensembleLayout,
  laneBody,
} from "./ensemble-form.js";
import { joinParts, packedInputs, unpack, unpackParts } from "./packing.js";
import type { ProgramRequest, TrainingRequest } from "./program-request.js";
import { readOptimizer } from "./read-optimizer.js";
import { type StateLayout, stateLayout, stateNames } from "./state-layout.js";
import { atStep, captured, carriedInputs, flatState, segmentInputs, type TrainingStep, trainingStep } from "./step.js";

/** A program ready to be written as an ONNX file, and the names needed to feed it. */
export interface Program {
  readonly graph: Graph;
  readonly state: StateLayout;
  /** Names of the carried vectors, in order; outputs have the same name with the prefix `next:`. */
  readonly stateNames: readonly string[];
  /** Names of the per-step scalars, in the order of the columns of `hyper`. */
  readonly hyperNames: readonly string[];
  /** Names of the random streams that need a key per step, in the order of the columns of `keys`. */
  readonly randomStreams: readonly string[];
  readonly batchSize: number;
  /** Networks per group, if an ensemble's rows must be `[steps, g, batch, lanes]`. */
  readonly lanes?: number;
}

/** Builds the program that trains any number of steps of one batch size. */
export function trainingProgram(request: TrainingRequest): Program {
  const { layout, batchSize } = request;
  const step = trainingStep(request);
  const { hyperNames, randomStreams } = step;
  const scans = stepScans(step);
  const plainBody = graph([step.iteration, step.condition, ...step.carried, ...step.captures], {
    "go on": step.condition,
    ...Object.fromEntries(step.next.map((tensor, i) => [`next ${i}`, tensor])),
    ...prefixed("step", scans),
  });
  const form = request.ensemble;
  const lanes = form?.lanes === undefined ? undefined : { ...form, lanes: form.lanes };
  const body = lowerTraining(bodyOf(plainBody, step, form, lanes, request.target), request.target);
  const state = form === undefined ? step.state : ensembleLayout(step.state, form.networks);
  const carried = flatState(carriedInputs(state, ""));
  const single = captured(segmentInputs(layout, batchSize, hyperNames.length, randomStreams.length));
  const captures = form === undefined ? single : ensembleCaptures(single, form);
  const steps = input("steps", "int64", []);
  const into = lanes === undefined ? carried : carried.map((vector) => carriedInLanes(vector, lanes));
  const outOf = runBody(steps, into, captures, body);
  const names = stateNames(state);
  const results = outOf.map((x, i) => (lanes === undefined || i >= names.length ? x : carriedFromLanes(x, lanes)));
  return {
    graph: graph([steps, ...carried, ...captures], {
      ...Object.fromEntries(names.map((name, i) => [`next:${name}`, results[i]])),
      ...measurements(scans, results.slice(names.length)),
    }),
    state,
    stateNames: names,
    hyperNames,
    randomStreams,
    batchSize,
    ...(lanes === undefined ? {} : { lanes: lanes.lanes }),
  };
}

function bodyOf(
  body: Graph,
  { iteration, carried, given: { rows } }: TrainingStep,
  form: EnsembleForm | undefined,
  lanes: (EnsembleForm & LaneForm) | undefined,
  target: Target = onnxruntimeCpu,
): Graph {
  if (lanes !== undefined) return laneBody(body, { iteration, carried, rows }, lanes, target);
  return form === undefined ? body : ensembleBody(body, carried, form);
}

type ScannedStep = Pick<TrainingStep, "loss" | "correct" | "counts" | "gradient">;

/** What a step measures, under the names of the outputs: loss and correct, and their divisors if they depend on targets. */
function stepScans({ loss, correct, counts, gradient }: ScannedStep): Record<string, Tensor> {
  return {
    loss,
    ...(correct === undefined ? {} : { correct }),
    ...(counts === undefined ? {} : { weight: counts.weight }),
    ...(counts?.counted === undefined ? {} : { counted: counts.counted }),
    ...(gradient === undefined ? {} : { gradientNorm: gradient.norm }),
    ...(gradient?.clipped === undefined ? {} : { clipped: gradient.clipped }),
  };
}

function prefixed(prefix: string, scans: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(scans).map(([name, tensor]) => [`${prefix} ${name}`, tensor]));
}

/** The per-step measurements under their public names. */
function measurements(scans: Readonly<Record<string, Tensor>>, results: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(Object.keys(scans).map((name, i) => [name, results[i]]));
}

/** Builds the program that evaluates: loss summed over examples and number correct, batch by batch. */
export function evaluationProgram(request: ProgramRequest): Program {
  const { network: source, layout, loss, batchSize, counted = batchSize, optimizer, ensemble, target } = request;
  const inputShapes = layout.inputs.map(({ shape }) => shape);
  const template = source.build({ mode: "inference", batchSize, inputShapes });
  const read = optimizer === undefined ? undefined : readOptimizer(optimizer);
  const single = stateLayout(template, read, ensemble?.of ?? ensemble?.networks);
  const state = ensemble === undefined ? single : ensembleLayout(single, ensemble.networks);
  const outer = segmentInputs(layout, batchSize, 0, 0);
  const inner = segmentInputs(layout, batchSize, 0, 0);
  const vectors = [...packedInputs(state.parameters, ""), ...packedInputs(state.buffers, "")];
  const innerParameters = packedInputs(single.parameters, "inner:");
  const innerBuffers = packedInputs(single.buffers, "inner:");
  const iteration = input("iteration", "int64", []);
  const condition = input("condition", "bool", []);

  const rows = atStep(inner.rows, iteration);
  const { xs, y } = withScope("data", () => gatherBatch(layout, inner, rows, inputTypes(template)));
  const parts = unpackParts(single.parameters, innerParameters);
  const tensors = new Map([...joinParts(single.parameters, parts), ...unpack(single.buffers, innerBuffers)]);
  const network = bindNetwork(template, xs, tensors, [], { parts });
  const [output, targets] = [network.output, y].map((tensor) =>
    counted === batchSize ? tensor : firstOf(tensor, counted),
  );
  const counts = loss.counts?.(output, targets);
  const scans = stepScans({
    loss: withScope("loss", () => loss.build(output, targets)),
    ...(loss.correct === undefined ? {} : { correct: loss.correct(output, targets) }),
    ...(counts === undefined ? {} : { counts }),
  });
  const plainBody = graph(
    [iteration, condition, ...innerParameters, ...innerBuffers, ...inner.inputs, inner.targets, inner.rows],
    { "go on": condition, ...prefixed("batch", scans) },
  );
  // All networks evaluate the same examples.
  const form = ensemble === undefined ? undefined : { ...ensemble, ownRows: false };
  const manyBody =
    form === undefined ? plainBody : ensembleBody(plainBody, [...innerParameters, ...innerBuffers], form);
  const body = lowerInference(manyBody, target);
  const steps = input("steps", "int64", []);
  const results = runBody(steps, [], [...vectors, ...outer.inputs, outer.targets, outer.rows], body);
  const names = [...state.parameters, ...state.buffers].map(({ name }) => name);
  return {
    graph: graph([steps, ...vectors, ...outer.inputs, outer.targets, outer.rows], measurements(scans, results)),
    state,
    stateNames: names,
    hyperNames: [],
    randomStreams: [],
    batchSize,
  };
}

/** The first examples of a batch. */
function firstOf(tensor: Tensor, count: number): Tensor {
  return slice(tensor, { starts: [0], ends: [count] });
}

/** The Loop: runs an already simplified body for the number of steps that the caller feeds. */
function runBody(
  steps: Tensor,
  carried: readonly Tensor[],
  captured: readonly Tensor[],
  body: Graph,
): readonly Tensor[] {
  const goOn = constant({ dtype: "bool", shape: [], data: Uint8Array.of(1) });
  return apply(loopOp as Op, [steps, goOn, ...carried, ...captured], { body, captured: captured.length });
}

/** A measurement `[steps, networks]`, also where it is the same for all networks: `[steps]`. */
export function ofNetworks({ data }: TensorData, steps: number, networks: number): Float32Array {
  const values = data as Float32Array;
  if (values.length === steps * networks) return values;
  return Float32Array.from({ length: steps * networks }, (_, i) => values[Math.floor(i / networks)]);
}

/** The number of steps of a segment as an input of the runtime. */
export const stepCount = (steps: number): TensorData => ({
  dtype: "int64",
  shape: [],
  data: BigInt64Array.of(BigInt(steps)),
});
