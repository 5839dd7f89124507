// Totals are printed with all digits, so they must be exact.
import { InvalidInputError } from "../core/errors.js";
import { shapeText } from "../core/numbers/shape.js";
import type { PlainRecord } from "./layer-records.js";

/**
 * Rejects totals beyond 2^53 - 1, which would be rounded; the error names the layer that contributes most to the first
 * such total.
 * @throws InvalidInputError
 */
export function requireExact(model: string, records: readonly PlainRecord[], counted: object): void {
  const inexact = Object.entries(counted).find(([, total]) => Number(total) > Number.MAX_SAFE_INTEGER);
  if (inexact === undefined) return;
  const [name, total] = inexact;
  const sizeIn = (record: PlainRecord): number => {
    const own = Object.entries(record).find(([key]) => key === name)?.[1];
    return typeof own === "number" ? own : (record.activationBytes ?? 0);
  };
  const largest = records.reduce((most, record) => (sizeIn(record) > sizeIn(most) ? record : most));
  throw new InvalidInputError(`${name} beyond what can be counted exactly`, {
    where: `${model} > ${largest.name} (${largest.operator})`,
    expected: `at most ${Number.MAX_SAFE_INTEGER} in all layers`,
    received: `about ${Number(total).toPrecision(2)}, most of it for ${shapesText(largest)}`,
    remedy: "Use smaller inputs or a smaller batch",
  });
}

const shapesText = ({ outputShape }: PlainRecord): string =>
  outputShape === null ? "an output of unknown shape" : `an output of ${shapeText(outputShape)}`;
