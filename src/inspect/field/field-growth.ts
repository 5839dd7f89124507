// How receptive fields grow with depth.
import type { Node, Tensor } from "../../graph/tensor.js";
import type { ReceptiveField } from "../inspection.js";
import type { Subject } from "../subject/subject.js";
import { isKnown } from "../subject/values.js";
import { receptiveFields } from "./receptive-field.js";

/** The largest receptive field at a depth. */
export interface FieldGrowth {
  /** Convolutions and poolings on the longest path from the input. */
  readonly depth: number;
  /** The step with this field; the last one if there are several. */
  readonly layer: string;
  readonly field: ReceptiveField;
}

/** One entry per depth, up to the depth at which every element sees the whole input. */
export function receptiveFieldGrowth(subject: Subject): FieldGrowth[] {
  const fields = receptiveFields(subject);
  const depths = new Map<Tensor, number>();
  const growth = new Map<number, FieldGrowth>();
  for (const { name, nodes, outputs } of subject.steps) {
    for (const node of nodes) countWindows(node, depths);
    for (const output of outputs) {
      const field = isKnown(output) ? fields.get(output) : undefined;
      if (!isKnown(output) || field === undefined || field === "all") continue;
      const depth = depths.get(output) ?? 0;
      if (extentOf(field) >= extentOf(growth.get(depth)?.field)) growth.set(depth, { depth, layer: name, field });
    }
  }
  return [...growth.values()].sort((a, b) => a.depth - b.depth);
}

function countWindows({ op, inputs, outputs }: Node, depths: Map<Tensor, number>): void {
  const before = inputs.reduce((most, tensor) => Math.max(most, tensor === null ? 0 : (depths.get(tensor) ?? 0)), 0);
  for (const output of outputs) depths.set(output, before + (op.window === undefined ? 0 : 1));
}

/** The size along the axis where it is largest. */
export const extentOf = (field: ReceptiveField | undefined): number => Math.max(0, ...(field?.size ?? []));
