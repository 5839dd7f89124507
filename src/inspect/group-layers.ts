// Groups the steps of a module into one layer, for `--depth`.
import type { PlainRecord } from "./layer-records.js";
import type { Subject } from "./subject/subject.js";

/**
 * One record for all steps whose modules agree in the first `depth` parts of their path; steps without a module stay
 * separate. A group takes the position of its first step.
 * @param records one per step of the subject.
 */
export function groupLayers(subject: Subject, records: readonly PlainRecord[], depth: number): PlainRecord[] {
  const groups = new Map<string, PlainRecord[]>();
  for (const [index, record] of records.entries()) {
    const { module } = subject.steps[index];
    const key = module === "" ? record.name : module.split(".").slice(0, depth).join(".");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return [...groups].map(([name, group]) => (group.length === 1 ? { ...group[0], name } : merged(name, group)));
}

function merged(name: string, group: readonly PlainRecord[]): PlainRecord {
  const [first] = group;
  const last = group[group.length - 1];
  const counted = new Set(group.flatMap(({ shared }) => shared ?? []));
  const reasons = group.flatMap(({ unknown }) => (unknown === undefined ? [] : [unknown]));
  const total = (key: "parameters" | "weights" | "biases" | "trainable" | "frozen" | "statistics"): number =>
    group.reduce((sum, record) => sum + record[key], 0);
  // The sum is unknown only if it is unknown for every step of the group.
  const known = (key: "activations" | "activationBytes" | "macs" | "flops"): number | null =>
    group.every((record) => record[key] === null) ? null : group.reduce((sum, record) => sum + (record[key] ?? 0), 0);
  return {
    name,
    operator: operatorsText(group),
    inputShape: first.inputShape,
    outputShape: last.outputShape,
    inputShapes: first.inputShapes,
    outputShapes: last.outputShapes,
    parameters: total("parameters"),
    weights: total("weights"),
    biases: total("biases"),
    trainable: total("trainable"),
    frozen: total("frozen"),
    statistics: total("statistics"),
    ...(counted.size === 0 ? {} : { shared: [...counted] }),
    activations: known("activations"),
    activationBytes: known("activationBytes"),
    macs: known("macs"),
    flops: known("flops"),
    receptiveField: last.receptiveField,
    steps: group.reduce((sum, { steps }) => sum + steps, 0),
    ...(reasons.length === 0 ? {} : { unknown: [...new Set(reasons)].join("; ") }),
  };
}

/** `4 Conv, 4 BatchNormalization, 3 Relu, Add`, the most frequent first. */
function operatorsText(group: readonly PlainRecord[]): string {
  const counts = new Map<string, number>();
  for (const { operator } of group) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([operator, count]) => (count === 1 ? operator : `${count} ${operator}`))
    .join(", ");
}
