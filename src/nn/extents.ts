// Spatial axes of sequences, images and volumes, and sizes given as one number for all axes or one for each.
import * as z from "zod";
import { ShapeError } from "../core/errors.js";
import { shapeText } from "../core/numbers/shape.js";
import type { Tensor } from "../graph/tensor.js";

/** The axes after the batch and the channels. */
export interface SpatialForm {
  readonly noun: string;
  readonly axes: readonly string[];
}

export const sequences: SpatialForm = { noun: "sequences", axes: ["length"] };
export const images: SpatialForm = { noun: "images", axes: ["height", "width"] };
export const volumes: SpatialForm = { noun: "volumes", axes: ["depth", "height", "width"] };

const counts = ["none", "one", "two", "three"];

/** Schema of an option: one integer for all axes or one for each, at least `minimum`. */
export function extentsOption({ axes }: SpatialForm, minimum: number) {
  const extent = z.int().min(minimum);
  const each = axes.length === 1 ? "" : `, or ${counts[axes.length]} as [${axes.join(", ")}]`;
  return z.union([extent, z.array(extent).length(axes.length)], { error: `an integer from ${minimum}${each}` });
}

/** Expands an option to one number per axis. */
export function extents({ axes }: SpatialForm, value: number | readonly number[]): readonly number[] {
  return typeof value === "number" ? axes.map(() => value) : value;
}

/** @throws ShapeError unless x has a batch axis, channels and these axes. */
export function requireForm(layer: string, { noun, axes }: SpatialForm, x: Tensor, where: string): void {
  if (x.shape.length === 2 + axes.length) return;
  throw new ShapeError(`${layer} needs ${noun}`, {
    where,
    expected: `an input of shape [batch, channels, ${axes.join(", ")}]`,
    received: shapeText(x.shape),
  });
}

/** @throws ShapeError unless the number of groups divides both channels and filters. */
export function requireGroups(channels: number, filters: number, groups: number, where: string): void {
  if (channels % groups === 0 && filters % groups === 0) return;
  throw new ShapeError("groups do not divide the channels", {
    where,
    expected: "channels and filters that are multiples of groups",
    received: `${channels} channels, ${filters} filters, ${groups} groups`,
  });
}
