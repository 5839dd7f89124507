// Estimates the memory and threads of a trial, from its network and its data.
import { canonicalJson } from "../../core/formats/json.js";
import type { Dataset, Split } from "../../data/dataset.js";
import { memoryEstimate } from "../../inspect/memory.js";
import { layerSubject } from "../../inspect/subject/layer-subject.js";
import type { LayerSpec } from "../../nn/layer.js";
import type { Provider } from "../../train/runtime/capabilities.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";

/** The requirements of a job. */
export interface JobNeeds {
  /** Estimated memory: state, gradients, activations of a batch, and the data. */
  readonly memoryBytes: number;
  /** Largest useful number of threads; it also runs with fewer. */
  readonly threads: number;
  /** Any provider if absent. */
  readonly provider?: Provider;
}

/** An estimator that differentiates every model only once, since a design has many trials of few models. */
export function needsEstimator(): (spec: TrialSpec, data: Dataset) => JobNeeds {
  const known = new Map<string, number>();
  return (spec, data) => {
    const networks = spec.ensemble ?? 1;
    const batchSize = Math.min(spec.batchSize, spec.microBatchSize ?? spec.batchSize);
    const { kind: optimizer } = spec.optimizer;
    const name = canonicalJson([spec.model, spec.freeze, batchSize, optimizer, data.inputShape]);
    const bytes = known.get(name) ?? networkBytes(spec, batchSize, data.inputShape);
    known.set(name, bytes);
    // A single network gets one thread, since more gain little while other trials run. An ensemble is divided among threads.
    return { memoryBytes: bytes * networks + dataBytes(data), threads: networks };
  };
}

/** Memory for training one network. A model in a file is not known here and counts as 0. */
function networkBytes(
  { model, freeze, optimizer }: TrialSpec,
  batchSize: number,
  inputShape: readonly number[],
): number {
  if (model.kind === "onnx") return 0;
  const subject = layerSubject(model as LayerSpec, { inputShape, batchSize, freeze });
  return memoryEstimate(subject, { optimizer: optimizer.kind }).training.total;
}

/** Memory of the arrays, without streamed ones. */
function dataBytes({ train, validation, test }: Dataset): number {
  return [train, validation, test].reduce((sum, split) => sum + (split === undefined ? 0 : splitBytes(split)), 0);
}

function splitBytes({ inputs, targets, moreInputs = new Map() }: Split): number {
  return [inputs, targets, ...moreInputs.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}
