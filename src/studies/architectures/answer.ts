// The answer of the study: the totals of the three architectures, what the inception module saves, and what they see.
import type { Finding } from "../../core/findings.js";
import { findFinding } from "../../study/analysis/find-finding.js";
import { countText, decimalText } from "../../study/analysis/number-text.js";

export function answer(findings: readonly Finding[]): string {
  const value = (id: string, variant: string): number => findFinding(findings, { id, variant })?.value ?? Number.NaN;
  const count = (id: string, variant: string): string => countText(value(id, variant));
  const size = (variant: string): string =>
    `${count("parameters", variant)} parameters and ${count("macs", variant)} MACs an image`;
  return [
    `AlexNet in one tower has ${size("alexnet")}, VGG-19 ${size("vgg19")}.`,
    `The inception module with reductions needs ${decimalText(100 * value("inceptionRatio", "inceptionReduced"), 2)} % of the MACs of the naive one.`,
    `After its last pooling an output of AlexNet sees ${count("receptiveField", "alexnet")} pixels along each axis, one of VGG-19 ${count("receptiveField", "vgg19")}.`,
  ].join(" ");
}
