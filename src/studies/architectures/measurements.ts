// All computed quantities of the study, from which findings, claims, tables and figures are made.
import { type AccountedNetworks, accountNetworks } from "./accounted.js";
import { type EffectiveField, effectiveDepths, effectiveField } from "./effective-fields.js";
import { type ModelGrowth, measureGrowth } from "./field-growth.js";
import { checkIdentity, type IdentityCheck, identityDepths, identityKernels } from "./receptive-fields.js";

export interface Measurements {
  readonly networks: AccountedNetworks;
  readonly identity: readonly IdentityCheck[];
  readonly effective: readonly EffectiveField[];
  readonly growth: readonly ModelGrowth[];
}

export function measure(): Measurements {
  return {
    networks: accountNetworks(),
    identity: checkIdentity(identityDepths, identityKernels),
    effective: effectiveDepths.map((layers) => effectiveField(layers, 3)),
    growth: measureGrowth(),
  };
}

/** The savings of reductions: MACs of the reduced module relative to the naive one, saving in percent, and factor. */
export function reduction({ inceptionNaive, inceptionReduced }: AccountedNetworks) {
  const [naive, reduced] = [inceptionNaive, inceptionReduced].map(({ inspection }) => inspection.totals.macs);
  const ratio = reduced / naive;
  return { naive, reduced, ratio, savingPercent: 100 * (1 - ratio), factor: naive / reduced };
}
