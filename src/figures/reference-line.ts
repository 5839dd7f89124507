// An annotated line at a known value: a floor, a chance level, zero difference.
import type { Json } from "../core/formats/json.js";
import { ink, sizes } from "./theme.js";

export interface ReferenceLine {
  readonly value: number;
  /** Printed on the line: `floor 1.461`. */
  readonly label: string;
}

interface HorizontalOptions {
  /** Width of the panel. */
  readonly width: number;
  /** The encoding of the panel's vertical axis. */
  readonly y: { readonly [key: string]: Json };
  /** Position of the label: `above` or `below` the right end, above the `left` end, or `outside` the panel. */
  readonly side: "above" | "below" | "left" | "outside";
}

const sides = {
  above: { align: "right", baseline: "bottom", dy: -3 },
  below: { align: "right", baseline: "top", dy: 4 },
  left: { align: "left", baseline: "bottom", dx: 6, dy: -3 },
  outside: { align: "left", baseline: "middle", dx: 6 },
} as const;

/** Rule and label across a panel at height `value`. */
export function horizontalReference(reference: ReferenceLine, { width, y, side }: HorizontalOptions): Json[] {
  const data = { values: [{ value: reference.value }] };
  const place = { ...y, field: "value" };
  return [
    {
      data,
      mark: { type: "rule", color: ink.reference, strokeDash: [5, 3], strokeWidth: 1.2 },
      encoding: { y: place },
    },
    {
      data,
      mark: {
        type: "text",
        text: reference.label,
        ...sides[side],
        fontSize: sizes.label - 1,
        color: ink.reference,
      },
      encoding: { x: { value: side === "left" ? 0 : width }, y: place },
    },
  ];
}

/**
 * Rule and label across a panel at the horizontal position `value`. The label is at the top, just outside the panel.
 * @param axis the encoding of the panel's horizontal axis.
 */
export function verticalReference({ value, label }: ReferenceLine, axis: { readonly [key: string]: Json }): Json[] {
  const data = { values: [{ value }] };
  const x = { ...axis, field: "value" };
  return [
    { data, mark: { type: "rule", color: ink.reference, strokeDash: [5, 3], strokeWidth: 1.2 }, encoding: { x } },
    {
      data,
      mark: { type: "text", text: label, baseline: "bottom", dy: -4, fontSize: sizes.label - 1, color: ink.reference },
      encoding: { x, y: { value: 0 } },
    },
  ];
}
