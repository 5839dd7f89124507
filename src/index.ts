// The public entry point, for every host. Read it from the top: train a network, then look inside, then build your own.
//
//   import { nn, optim, train } from "trainscope";
//   import { dataset, nodeRuntime } from "trainscope/node";
//
//   const model = nn.sequential([nn.flatten(), nn.dense({ units: 10 })]);
//   const data = await dataset("mnist");
//   for await (const row of train({ model, data, optimizer: optim.adam(), runtime: nodeRuntime() })) console.log(row);

// Describe a network: layers, activations, initializers, losses, whole models. Each call gives plain JSON.
export * as nn from "./nn/index.js";

// Describe how it learns: optimizers, and schedules of their learning rate. Each call gives plain JSON.
export * as optim from "./optim/index.js";

// Train: options in, a stream of metric rows out. `openTrial` adds checkpoints, resuming and the final weights.
export type { StepMetric } from "./train/metric-rows.js";
export { type TrainOptions, train, trialSpecOf } from "./train/train.js";
export { type OnnxNetwork, type OnnxNetworkOptions, onnxNetwork } from "./train/imported/onnx-network.js";
export { openTrial, type Trial, type TrialRequest } from "./train/trial/trial.js";

// Probes: measurements inside a training.
export { type ProbeSpec, type ProbeTarget, probeTargets } from "./probes/probe-spec.js";
export { statistics } from "./probes/statistics.js";
export { type GradientNoise, gradientNoise, gradientNoiseScale } from "./probes/noise-scale.js";
export {
  activationMoments,
  edgeOfChaos,
  fixedVariance,
  type LayerSignal,
  meanField,
  outputFraction,
  type Pointwise,
  type RandomLayer,
} from "./probes/mean-field.js";
export type { Divergence, Evaluation, Measured, ProbeReading, Stop, TrialEvent } from "./train/trial/events.js";
export type { TrialHistory } from "./train/trial/history.js";
export { dataUse } from "./train/spec/data-use.js";
export {
  type KindSpec,
  type StopRule,
  type TrialSpec,
  type TrialSpecInput,
  trialId,
  trialSpec,
} from "./train/spec/trial-spec.js";
export { upgradeTrialSpec } from "./train/spec/upgrade.js";

// Inspect: costs and receptive fields, layer by layer. `inspectSubject` takes files too; "trainscope/node" opens them.
export { type InspectionOptions, inspect, inspectSubject } from "./inspect/inspect.js";
export type { Inspection, LayerRecord, MemoryEstimate, ReceptiveField, Totals } from "./inspect/inspection.js";
export { layerCostFigure, layerMemoryFigure, modelComparisonFigure } from "./inspect/inspection-figures.js";
export { layerRows } from "./inspect/flat-rows.js";
export { type LayerSubjectOptions, layerSubject } from "./inspect/subject/layer-subject.js";
export { type ModelSource, type OnnxSubjectOptions, onnxSubject } from "./inspect/subject/onnx-subject.js";
export type { Step, Subject, SubjectParameter } from "./inspect/subject/subject.js";

// Receptive fields of single units, in theory and measured by gradients; `runtimeSession` runs the gradients on a runtime.
export { type EffectiveField, type EffectiveFieldOptions, effectiveField } from "./inspect/field/effective-field.js";
export { type FieldGrowth, receptiveFieldGrowth } from "./inspect/field/field-growth.js";
export { effectiveFieldFigure, fieldGrowthFigure } from "./inspect/field/field-figures.js";
export { type GraphSession, type OpenGraph, referenceSession } from "./inspect/field/graph-session.js";
export { runtimeSession } from "./train/runtime/graph-session.js";

// Rows: the common form of measurements, from training to figures.
export {
  type Cell,
  type MetricRow,
  type Phase,
  type Row,
  rowsOf,
  type SeriesBlock,
  type SeriesKey,
} from "./core/rows.js";

// Export: a trained network as an .onnx file for any ONNX Runtime.
export { type ExportRequest, inferenceModel } from "./train/export.js";

// Data: data sets in memory. Loaders that use files and the network are in "trainscope/node".
export type { Dataset, Normalization, RowSource, Split } from "./data/dataset.js";
export { type DataSource, localData } from "./data/source.js";
export { type ValidationShare, withValidation } from "./data/splits.js";
export type { ArtifactStore } from "./data/artifact-store.js";
export { putDataset } from "./data/dataset-artifact.js";
export { type DataResolver, dataResolver, type OpenSource } from "./data/resolver.js";
export { syntheticDataset } from "./data/synthetic.js";
export { readNpy, writeNpy } from "./data/formats/npy.js";
export { readNpz, writeNpz } from "./data/formats/npz.js";

// Execute: the port that a host implements. "trainscope/node" implements it with native ONNX Runtime.
export type { Provider, RuntimeCapabilities } from "./train/runtime/capabilities.js";
export type { RunRequest, RunResult, Runtime, Session, SessionOptions } from "./train/runtime/runtime.js";

// Trials as jobs: JSON that any process can run, and the port to an executor of many jobs. `runStudy` runs a study.
export type { ExecutionEvent, Executor } from "./study/execution/executor.js";
export { readTrialJob, type TrialJob, trialJobs } from "./study/execution/job.js";
export { type LocalExecutorOptions, localExecutor } from "./study/execution/local-executor.js";
export { runTrialJob } from "./study/execution/run-trial-job.js";
export type { CheckpointPort, RowSink, TrialHost, TrialOutcome } from "./study/execution/trial-host.js";
export { runStudy, type StudyOutcome, type StudyRequest } from "./study/run-study.js";
export type { RunStore } from "./study/store/store.js";

// Graphs: symbolic tensors over ONNX operators. `ops` has a function for each operator; `gradients` and `simplify` make
// new graphs from graphs; `evaluateGraph` is the slow, exact reference in float64.
export { constant, filled, input, scalar } from "./graph/build.js";
export * as ops from "./graph/builders.js";
export { graph } from "./graph/graph.js";
export { type GradientRequest, gradients } from "./graph/gradient.js";
export { simplify } from "./graph/passes/simplify.js";
export { printGraph } from "./graph/print.js";
export { evaluateGraph } from "./graph/reference/evaluate.js";
export { ndArray, ndFill } from "./graph/reference/nd-array.js";
export type { NdArray } from "./graph/op.js";
export type { Graph, NamedTensor, Node, Tensor, TensorType } from "./graph/tensor.js";

// Files: graphs as ONNX models, written and read; tensors as safetensors. Contents are checked before use.
export { type WriteOptions, writeOnnx } from "./onnx/write.js";
export { type OnnxModel, type ReadOptions, readOnnx, readOnnxModel } from "./onnx/read.js";
export { readSafetensors, type SafetensorsFile, writeSafetensors } from "./core/formats/safetensors.js";

// Tensors with values, which all interfaces of the program exchange.
export { type DType, dtypes, type TypedArray } from "./core/numbers/dtype.js";
export type { Shape } from "./core/numbers/shape.js";
export { type TensorData, tensorData, tensorFrom, toNumbers, zeros } from "./core/numbers/tensor-data.js";

// Randomness: counter-based, so (seed, name, number) determines every value.
export { permutation, type RandomStream, randomStream } from "./core/random/rng.js";

// Errors: place, expected and received value, remedy. Every error has a stable `code`.
export {
  CorruptFileError,
  EnvironmentError,
  InterruptedError,
  InvalidInputError,
  MissingDataError,
  RuntimeCrashError,
  ShapeError,
  TrainscopeError,
  UnknownNameError,
} from "./core/errors.js";
