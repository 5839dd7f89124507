// The answer of the study: what reaches the first layer of the report's network, and who learns from it.
import type { Finding } from "../../core/findings.js";
import { findFinding } from "../../study/analysis/find-finding.js";
import { decimalText } from "../../study/analysis/number-text.js";

const kinds = [
  { variant: "mnist/tanh/glorotNormal", title: "tanh with Glorot" },
  { variant: "mnist/relu/heNormal", title: "ReLU with He" },
  { variant: "mnist/relu/glorotNormal", title: "ReLU with Glorot" },
  { variant: "mnist/sigmoid/glorotNormal", title: "sigmoid with Glorot" },
] as const;

export function answer(findings: readonly Finding[]): string {
  const ratios = kinds.flatMap(({ variant, title }) => {
    const ratio = findFinding(findings, { id: "gradientRatio", variant, layer: 1 });
    return ratio === undefined ? [] : [`${rangeText(ratio, ratio.value < 0.1 ? 4 : 2)} for ${title}`];
  });
  if (ratios.length === 0) return "No network of the report's kind has finished, so there is no answer yet.";
  const losses = kinds.flatMap(({ variant, title }) => {
    const loss = findFinding(findings, { id: "trainedLoss", variant });
    return loss === undefined ? [] : [`${decimalText(loss.value, 2)} for ${title}`];
  });
  const learned =
    losses.length === 0 ? "" : ` After the updates of the study their loss is ${losses.join(", ")}; chance is 2.30.`;
  return `Before training, the gradient at the first hidden layer, as a fraction of that at the last, is ${ratios.join(", ")}.${learned}`;
}

function rangeText({ value, interval }: Finding, decimals: number): string {
  const ends = interval?.map((end) => decimalText(end, decimals)).join(", ");
  return `${decimalText(value, decimals)}${ends === undefined ? "" : ` [${ends}]`}`;
}
