// Sums over all steps of a model.
import { sizeOf } from "../core/numbers/shape.js";
import type { Totals } from "./inspection.js";
import { type PlainRecord, parameterCounts } from "./layer-records.js";
import type { Subject } from "./subject/subject.js";
import { bytesOf, isInPlace, isKnown } from "./subject/values.js";

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** The totals; every stored tensor counts once, even if no step reads it. @param records one per step. */
export function totalsOf(subject: Subject, records: readonly PlainRecord[]): Totals {
  const { steps, inputs, parameters, batchSize } = subject;
  const macs = sum(records.map((record) => record.macs));
  const flops = sum(records.map((record) => record.flops));
  const ofSteps = (wanted: (index: number) => boolean): number =>
    sum(records.map(({ activations }, index) => (wanted(index) ? activations : 0)));
  const unknownLayers = steps.filter(({ unknown }) => unknown !== undefined).length;
  const traffic = sum(
    steps.map((step, index) => trafficOf(step, subject.floatBytes) + (records[index].activationBytes ?? 0)),
  );
  return {
    ...parameterCounts(parameters),
    storedParameters: sum(parameters.map(({ use, shape }) => (use === "statistic" ? 0 : sizeOf(shape)))),
    parameterBytes: sum(parameters.map(({ bytes }) => bytes)),
    macs,
    macsPerExample: macs / batchSize,
    flops,
    flopsPerExample: flops / batchSize,
    activations: sum(records.map((record) => record.activations)),
    activationBytes: sum(records.map((record) => record.activationBytes)),
    activationsInPlace:
      sum(inputs.map(({ tensor }) => sizeOf(tensor.shape))) + ofSteps((index) => !isInPlace(steps[index])),
    productActivations: ofSteps((index) => (records[index].macs ?? 0) > 0),
    arithmeticIntensity: traffic === 0 ? 0 : flops / traffic,
    unknownLayers,
    isLowerBound: unknownLayers > 0,
  };
}

/** Bytes that a step reads; 0 for a view. */
function trafficOf({ inputs, parameters, nodes }: Subject["steps"][number], floatBytes?: number): number {
  if (nodes.length > 0 && nodes.every(({ op }) => op.isView === true)) return 0;
  return (
    sum(inputs.filter(isKnown).map((tensor) => bytesOf(tensor, floatBytes))) + sum(parameters.map(({ bytes }) => bytes))
  );
}
