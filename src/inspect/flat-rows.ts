// Layers as flat rows with exact numbers, for CSV files and spreadsheets.

import type { Shape } from "../core/numbers/shape.js";
import type { Row } from "../core/rows.js";
import type { Inspection, LayerRecord } from "./inspection.js";

/** `1x64x112x112`; a scalar is `scalar`. */
export const extentsText = (shape: Shape): string => (shape.length === 0 ? "scalar" : shape.join("x"));

const orNull = (values: readonly number[] | undefined): string | null =>
  values === undefined ? null : extentsText(values);

/** One row per layer, in the order of the inspection. Unknown and meaningless cells are null. */
export function layerRows({ layers }: Inspection): Row[] {
  return layers.map(
    (layer): Row => ({
      name: layer.name,
      operator: layer.operator,
      inputShape: layer.inputShape === null ? null : extentsText(layer.inputShape),
      outputShape: layer.outputShape === null ? null : extentsText(layer.outputShape),
      kernel: orNull(layer.kernel),
      stride: orNull(layer.stride),
      padding: orNull(layer.padding),
      dilation: orNull(layer.dilation),
      groups: layer.groups ?? null,
      parameters: layer.parameters,
      weights: layer.weights,
      biases: layer.biases,
      trainable: layer.trainable,
      frozen: layer.frozen,
      statistics: layer.statistics,
      activations: layer.activations,
      activationBytes: layer.activationBytes,
      macs: layer.macs,
      flops: layer.flops,
      ...fieldCells(layer.receptiveField),
      parameterShare: layer.share.parameters,
      macShare: layer.share.macs,
      activationShare: layer.share.activations,
      shared: layer.shared?.join(" ") ?? null,
      unknown: layer.unknown ?? null,
    }),
  );
}

function fieldCells(field: LayerRecord["receptiveField"]): Row {
  const empty = { receptiveFieldSmallest: null, receptiveFieldStride: null, receptiveFieldOffset: null };
  if (field === null || field === "all") return { receptiveField: field, ...empty };
  return {
    receptiveField: field.size.join("x"),
    receptiveFieldSmallest: field.smallest.join("x"),
    receptiveFieldStride: field.stride.join("x"),
    receptiveFieldOffset: field.offset.join("x"),
  };
}

/** Rows as a Markdown table; numbers are right-aligned. */
export function markdownTable(columns: readonly string[], rows: readonly Row[]): string {
  const isNumeric = columns.map((column) => rows.some((row) => typeof row[column] === "number"));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const cell = (value: Row[string] | undefined): string =>
    value === null || value === undefined
      ? ""
      : typeof value === "number"
        ? value.toLocaleString("en-US", { maximumSignificantDigits: 15 })
        : String(value).replace(/[|\\]/g, "\\$&").replace(/\s+/g, " ");
  return `${[
    line(columns),
    line(isNumeric.map((right) => (right ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map((column) => cell(row[column])))),
  ].join("\n")}\n`;
}
