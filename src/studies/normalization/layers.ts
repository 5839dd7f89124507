// The batch-normalization layers of a trial: their paths and readable names.
import type { LayerSpec } from "../../nn/layer.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";

export interface NormalizedLayer {
  /** For `2`, the learned scale is at `2.weight` and the learned shift at `2.bias`. */
  readonly path: string;
  /** The normalized layer: `input`, `conv1`, `dense2`. */
  readonly id: string;
}

export const layerTitles: Readonly<Record<string, string>> = {
  input: "input (1)",
  conv1: "conv 1 (6)",
  conv2: "conv 2 (16)",
  conv3: "conv 3 (120)",
  dense1: "dense 1",
  dense2: "dense 2",
};

/** Finds the normalization layers of a sequential model and names each after the linear layer before it. */
export function normalizedLayers(spec: TrialSpec): NormalizedLayer[] {
  const layers = (spec.model.layers ?? []) as unknown as readonly LayerSpec[];
  const counts = { conv2d: 0, dense: 0 };
  let before = "input";
  const found: NormalizedLayer[] = [];
  for (const [index, { kind }] of layers.entries()) {
    if (kind === "conv2d") before = `conv${++counts.conv2d}`;
    if (kind === "dense") before = `dense${++counts.dense}`;
    if (kind === "batchNorm") found.push({ path: `${index}`, id: before });
  }
  return found;
}

/** Paths of the learned scales and shifts that the study keeps from a trained network. They contain no wildcards. */
export function scalesAndShifts(spec: TrialSpec): string[] {
  return normalizedLayers(spec).flatMap(({ path }) => [`${path}.weight`, `${path}.bias`]);
}
