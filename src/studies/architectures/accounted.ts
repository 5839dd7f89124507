// The inspection of every network, with the usual names of its layers.
import { inspect } from "../../inspect/inspect.js";
import type { Inspection, LayerRecord } from "../../inspect/inspection.js";
import { type NetworkId, networks, type StudiedNetwork } from "./networks.js";

/** A layer with weights or windows, as tables of architectures list them. */
export interface NamedLayer {
  /** `conv1`, `pool5`, `fc6`; `conv5_1` if layers are numbered by stage. */
  readonly name: string;
  readonly record: LayerRecord;
}

export interface Accounted {
  readonly title: string;
  readonly inspection: Inspection;
  readonly layers: readonly NamedLayer[];
}

/** Every network of the study. */
export type AccountedNetworks = Readonly<Record<NetworkId, Accounted>>;

export function accountNetworks(): AccountedNetworks {
  return Object.fromEntries(
    Object.entries(networks).map(([id, network]) => [id, accounted(network)]),
  ) as AccountedNetworks;
}

function accounted({ title, model, spec, inputShape, numbering }: StudiedNetwork): Accounted {
  const inspection = inspect(spec, { model, inputShape });
  return { title, inspection, layers: namedLayers(inspection.layers, numbering) };
}

/** Layer names as in the papers: a pooling has the number of the convolution, or stage, before it. */
function namedLayers(records: readonly LayerRecord[], numbering: StudiedNetwork["numbering"]): NamedLayer[] {
  const byStage = numbering === "stage";
  let [layer, stage, inStage] = [0, 1, 0];
  return records.filter(isListed).map((record) => {
    if (record.kernel === undefined) {
      layer = byStage ? Math.max(layer, stage - 1) + 1 : layer + 1;
      return { name: `fc${layer}`, record };
    }
    if (record.parameters === 0) {
      inStage = 0;
      return { name: `pool${byStage ? stage++ : layer}`, record };
    }
    inStage++;
    return { name: byStage ? `conv${stage}_${inStage}` : `conv${++layer}`, record };
  });
}

/** Layers with weights or windows. Element-wise functions and changes of shape are not listed. */
const isListed = ({ kernel, macs }: LayerRecord): boolean => kernel !== undefined || (macs ?? 0) > 0;

/** All layers of one branch of a module. */
export interface Branch {
  /** `1 x 1`, `3 x 3`, `5 x 5`, `pooling`. */
  readonly name: string;
  /** Its convolutions in order. 1 x 1 convolutions before the last one reduce the channels. */
  readonly convolutions: readonly LayerRecord[];
  readonly macs: number;
  readonly weights: number;
  /** Its number of output channels. */
  readonly channels: number;
}

/** The branches of a module, in the order of concatenation. */
export function branchesOf({ inspection }: Accounted): Branch[] {
  const branches = new Map<string, LayerRecord[]>();
  for (const record of inspection.layers.filter(isListed)) {
    const [branch] = record.name.split(".");
    branches.set(branch, [...(branches.get(branch) ?? []), record]);
  }
  return [...branches.values()].map((records) => {
    const convolutions = records.filter(({ weights }) => weights > 0);
    const extent = Math.max(...convolutions.map(({ kernel }) => kernel?.[0] ?? 0));
    const sum = (key: "macs" | "weights"): number =>
      convolutions.reduce((total, record) => total + (record[key] ?? 0), 0);
    return {
      name: convolutions.length < records.length ? "pooling" : `${extent} × ${extent}`,
      convolutions,
      macs: sum("macs"),
      weights: sum("weights"),
      channels: records[records.length - 1].outputShape?.[1] ?? 0,
    };
  });
}

/** Finds a layer by name. */
export function layerNamed({ title, layers }: Accounted, name: string): LayerRecord {
  const found = layers.find((layer) => layer.name === name);
  if (found === undefined) throw new Error(`${title} has no layer ${name}`);
  return found.record;
}

/** Size of a layer's receptive field along one axis; NaN if it has none. */
export function fieldOf({ receptiveField }: Pick<LayerRecord, "receptiveField">): { size: number; stride: number } {
  if (receptiveField === null || receptiveField === "all") return { size: Number.NaN, stride: Number.NaN };
  return { size: receptiveField.size[0], stride: receptiveField.stride[0] };
}
