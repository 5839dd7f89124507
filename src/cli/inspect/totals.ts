// The totals of an inspection in words: numbers and their meanings.
import type { Inspection, Totals } from "../../inspect/inspection.js";
import { formatBytes, wrapText } from "../output.js";
import { exactly, scaledCount } from "../scaled-count.js";

/** One paragraph per quantity, starting with its name. */
export function totalsText(inspection: Inspection, width: number): string {
  const { totals, conventions } = inspection;
  const least = totals.isLowerBound ? "at least " : "";
  const lines: readonly (readonly [name: string, text: string])[] = [
    ["Parameters", parametersText(totals)],
    ["MACs", `${least}${exactly(totals.macs)} for ${batchText(inspection)}: ${conventions.macs}`],
    ["FLOPs", `${least}${exactly(totals.flops)}: ${conventions.flops}`],
    ["Activations", `${least}${activationsText(totals)}`],
    ["Inference", `${least}${inferenceText(inspection)}`],
    ["Training", `${least}${trainingText(inspection)}`],
    ["Intensity", `${totals.arithmeticIntensity.toPrecision(3)} FLOPs a byte, every layer by itself`],
  ];
  const indent = Math.max(...lines.map(([name]) => name.length)) + 2;
  return lines.map(([name, text]) => wrapText(`${name.padEnd(indent - 1)} ${text}`, width, indent)).join("\n");
}

const batchText = ({ batchSize }: Inspection): string =>
  batchSize === 1 ? "one example" : `a batch of ${batchSize.toLocaleString("en-US")}`;

function parametersText(totals: Totals): string {
  const { parameters, weights, biases, frozen, trainable, statistics, parameterBytes, storedParameters } = totals;
  const number = (value: number): string => value.toLocaleString("en-US");
  const training = frozen === 0 ? "all trainable" : `${number(trainable)} trainable, ${number(frozen)} frozen`;
  return [
    `${exactly(parameters)}: weights ${number(weights)}, biases ${number(biases)}; ${training}`,
    ...(statistics === 0 ? [] : [`; running statistics besides, ${number(statistics)}`]),
    `; stored in ${formatBytes(parameterBytes)}`,
    ...(storedParameters === parameters
      ? []
      : [`; ${number(storedParameters)} of them are stored, since normalizations were folded`]),
  ].join("");
}

function activationsText({ activations, activationBytes, productActivations }: Totals): string {
  return `${exactly(activations)} elements that layers write, ${formatBytes(activationBytes)}; of these ${scaledCount(productActivations)} by convolutions and matrix products`;
}

function inferenceText(inspection: Inspection): string {
  const { total, weights, peakActivations, peakLayer } = inspection.memory.inference;
  const at = peakLayer === "" ? "" : ` (at ${peakLayer})`;
  return `${formatBytes(total)} for ${batchText(inspection)}: weights ${formatBytes(weights)}, tensors at their peak ${formatBytes(peakActivations)}${at}`;
}

function trainingText({ memory: { training } }: Inspection): string {
  const { total, weights, gradients, optimizer, optimizerSlots, saved, savedActivations } = training;
  const kept = saved === "all" ? "all activations" : "activations kept for the backward pass";
  const parts = [
    `weights ${formatBytes(weights)}`,
    `gradients ${formatBytes(gradients)}`,
    `${optimizer} ${formatBytes(optimizerSlots)}`,
    `${kept} ${formatBytes(savedActivations)}`,
  ];
  return `${formatBytes(total)}: ${parts.join(", ")}`;
}
