// Looks up findings, for sentences that repeat their numbers.
import type { Finding } from "../../core/findings.js";

/** The finding with this id, variant and layer; undefined where the trials behind it are missing. */
export function findFinding(
  findings: readonly Finding[],
  wanted: Pick<Finding, "id" | "variant" | "layer">,
): Finding | undefined {
  return findings.find(
    ({ id, variant, layer }) => id === wanted.id && variant === wanted.variant && layer === wanted.layer,
  );
}
