// The accounting: what every layer of a subject costs, holds and sees, and the totals.
//
//   Subject --one record per step--> LayerRecord[] --sums--> Totals
//           --receptive-field.ts, memory.ts--> the rest of an Inspection
import type { LayerSpec } from "../nn/layer.js";
import { conventions } from "./conventions.js";
import { requireExact } from "./exact-totals.js";
import { groupLayers } from "./group-layers.js";
import type { Inspection, LayerRecord } from "./inspection.js";
import { layerRecords } from "./layer-records.js";
import { type MemoryOptions, memoryEstimate } from "./memory.js";
import { type LayerSubjectOptions, layerSubject } from "./subject/layer-subject.js";
import type { Subject } from "./subject/subject.js";
import { totalsOf } from "./totals.js";

export interface InspectionOptions extends MemoryOptions {
  /** Steps whose modules agree in this many parts of their path become one layer. Default: every step is a layer. */
  readonly depth?: number;
}

/**
 * What a model of layers costs and sees: `inspect(resnet18(), { inputShape: [3, 224, 224] })`.
 * @throws ShapeError | InvalidInputError with the layer's path, for a model that cannot be built for this input.
 */
export function inspect(model: LayerSpec, options: LayerSubjectOptions & InspectionOptions): Inspection {
  return inspectSubject(layerSubject(model, options), options);
}

/**
 * The same for any subject: a file, or a model of layers.
 * @throws InvalidInputError if a total exceeds the exact integers.
 */
export function inspectSubject(subject: Subject, options: InspectionOptions = {}): Inspection {
  const steps = layerRecords(subject);
  const totals = totalsOf(subject, steps);
  requireExact(subject.model, steps, totals);
  const memory = memoryEstimate(subject, options);
  const { inference, training } = memory;
  requireExact(subject.model, steps, { "bytes of inference": inference.total, "bytes of training": training.total });
  const layers = options.depth === undefined ? steps : groupLayers(subject, steps, options.depth);
  return {
    schema: 1,
    model: subject.model,
    batchSize: subject.batchSize,
    inputs: subject.inputs.map(({ name, tensor, type = tensor.dtype }) => ({ name, shape: tensor.shape, type })),
    outputs: subject.outputs.map(({ name, value }) => ({
      name,
      shape: value === null || value === "unknown" ? null : value.shape,
    })),
    layers: withShares(layers, totals),
    totals,
    memory,
    unknown: subject.steps.flatMap(({ name, operator, unknown }) =>
      unknown === undefined ? [] : [{ name, operator, reason: unknown }],
    ),
    remarks: subject.remarks,
    conventions,
  };
}

function withShares(
  layers: readonly Omit<LayerRecord, "share">[],
  { parameters, macs, activations }: Inspection["totals"],
): LayerRecord[] {
  const share = (part: number | null, whole: number): number => (whole === 0 ? 0 : (part ?? 0) / whole);
  return layers.map((layer) => ({
    ...layer,
    share: {
      parameters: share(layer.parameters, parameters),
      macs: share(layer.macs, macs),
      activations: share(layer.activations, activations),
    },
  }));
}
