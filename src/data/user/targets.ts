// Targets of users as losses take them: int32 class numbers, or float32 values.

import { InvalidInputError } from "../../core/errors.js";
import { isFloat } from "../../core/numbers/dtype.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";
import { elementText, finiteFloats } from "./array-checks.js";

/** What a loss reads: class numbers or values. */
export type TargetKind = "class" | "value";

/** Targets as they are stored. */
export interface StoredTargets {
  /** Of array or column, for messages. */
  readonly name: string;
  /** Class names, one a row, or numbers. */
  readonly values: TensorData | TextColumn;
}

/** One text a row. */
export interface TextColumn {
  readonly texts: readonly string[];
  readonly shape: readonly [number];
}

interface Stored {
  readonly where: string;
  readonly targets: StoredTargets;
}

/**
 * Targets of one split or several. Texts become the numbers of their names in sorted order (by code unit), which are those
 * of the first split.
 * @param kind by default `class` for texts, and for integers and booleans of one number a row; else `value`.
 * @param ignored a class number that may be negative, of targets that do not count.
 * @throws InvalidInputError that names array and row.
 */
export function convertTargets(
  splits: readonly Stored[],
  kind: TargetKind | undefined,
  ignored?: number,
): { targets: TensorData[]; classes?: readonly string[] } {
  const { values: first } = splits[0].targets;
  if ("texts" in first) return classesOfTexts(splits, first.texts, kind);
  const chosen = kind ?? (!isFloat(first.dtype) && isColumn(first.shape) ? "class" : "value");
  const convert = (tensor: TensorData, where: string): TensorData =>
    chosen === "class" ? classNumbers(tensor, where, ignored) : numericValues(tensor, where);
  return { targets: splits.map(({ where, targets }) => convert(numbersOf(where, targets), placeOf(where, targets))) };
}

function placeOf(where: string, { name }: StoredTargets): string {
  return `${where} > ${name}`;
}

/** `[rows]` or `[rows, 1]` */
function isColumn(shape: readonly number[]): boolean {
  return shape.length === 1 || (shape.length === 2 && shape[1] === 1);
}

function numbersOf(where: string, targets: StoredTargets): TensorData {
  if (!("texts" in targets.values)) return targets.values;
  throw new InvalidInputError("texts in one split, numbers in the other", {
    where: placeOf(where, targets),
    expected: "numbers, as for training",
    received: `"${targets.values.texts[0]}"`,
  });
}

function classesOfTexts(
  splits: readonly Stored[],
  texts: readonly string[],
  kind: TargetKind | undefined,
): { targets: TensorData[]; classes: readonly string[] } {
  const { where, targets } = splits[0];
  if (kind === "value") {
    throw new InvalidInputError("texts are no values", {
      where: placeOf(where, targets),
      expected: "numbers, which this loss needs",
      received: `"${texts.find((text) => !Number.isFinite(Number(text))) ?? texts[0]}"`,
      remedy: "For classes use --loss cross-entropy",
    });
  }
  const classes = [...new Set(texts)].sort();
  const numbers = new Map(classes.map((name, number) => [name, number]));
  return { classes, targets: splits.map((split) => numbered(split, numbers)) };
}

function numbered({ where, targets }: Stored, numbers: ReadonlyMap<string, number>): TensorData {
  const { values } = targets;
  const texts = "texts" in values ? values.texts : Array.from(values.data as ArrayLike<number | bigint>, String);
  const data = new Int32Array(texts.length);
  for (const [row, text] of texts.entries()) {
    const number = numbers.get(text);
    if (number === undefined) {
      const known = [...numbers.keys()];
      throw new InvalidInputError("class that training never sees", {
        where: `${placeOf(where, targets)}, row ${row}`,
        expected: known.length < 10 ? known.join(", ") : `one of the ${known.length} classes of the training examples`,
        received: text.slice(0, 80),
      });
    }
    data[row] = number;
  }
  return tensorData("int32", [texts.length], data);
}

/** Whole numbers from 0 as `int32`; `[rows, 1]` becomes `[rows]`. */
function classNumbers({ dtype, shape, data }: TensorData, where: string, ignored?: number): TensorData {
  const result = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    const isClass = value >= 0 || value === ignored;
    if (!Number.isInteger(value) || !isClass || value > 2147483647) {
      throw new InvalidInputError("not a class number", {
        where: `${where}, ${elementText(shape, i)}`,
        expected: "whole numbers from 0, which this loss needs",
        received: `${data[i]}`,
        remedy: classRemedy({ dtype, shape }),
      });
    }
    result[i] = value;
  }
  return tensorData("int32", isColumn(shape) ? [shape[0]] : shape, result);
}

function classRemedy({ dtype, shape }: Pick<TensorData, "dtype" | "shape">): string {
  if (!isFloat(dtype)) return "Number the classes from 0";
  const values = "For values use --loss mean-squared-error";
  return isColumn(shape) ? values : `For a probability of every class use --probabilities. ${values}`;
}

function numericValues(tensor: TensorData, where: string): TensorData {
  if (isFloat(tensor.dtype)) return finiteFloats(tensor, where);
  return tensorData("float32", tensor.shape, Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number));
}
