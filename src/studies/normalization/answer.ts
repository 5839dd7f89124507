// The answer of the study in two sentences: what each variant gains over the plain network.
import type { Finding } from "../../core/findings.js";
import { findFinding } from "../../study/analysis/find-finding.js";
import { countText, estimateText } from "../../study/analysis/number-text.js";
import { variants } from "./design.js";

/** The variants as they stand in a sentence. */
const phrases: Readonly<Record<string, string>> = {
  batchNormHidden: "with batch normalization of the hidden layers",
  batchNormEverywhere: "with the input normalized too",
  dropout: "with dropout",
  batchNormAndDropout: "with batch normalization and dropout",
};

export function answer(findings: readonly Finding[]): string {
  const gains = variants.slice(1).flatMap(({ id: variant }) => {
    const gain = findFinding(findings, { id: "gain", variant });
    return gain === undefined ? [] : [{ ...gain, phrase: phrases[variant] ?? variant }];
  });
  if (gains.length === 0) return "No pair of networks has finished, so there is no answer yet.";
  const { n } = gains[0];
  const changes = gains.map((gain) => `${estimateText(gain)} ${gain.phrase}`).join(", ");
  const open = gains.filter(({ interval }) => interval === undefined || (interval[0] <= 0 && interval[1] >= 0));
  const sign =
    open.length === 0
      ? "No interval contains 0."
      : `Whether accuracy rises or falls stays open ${open.map(({ phrase }) => phrase).join(" and ")}: ${open.length === 1 ? "its interval contains" : "their intervals contain"} 0.`;
  return `Compared with the plain network of the same seed, validation accuracy changes by ${changes} (percentage points, ${countText(n, "seed")}). ${sign}`;
}
