// Three splits out of two: a validation split drawn from the training examples.
import { InvalidInputError } from "../core/errors.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { permutation, randomStream } from "../core/random/rng.js";
import type { Dataset, RowSource, Split } from "./dataset.js";
import { takeRows } from "./rows.js";

/** The part of the training examples that is held out for choices. */
export interface ValidationShare {
  /** Above 0 and below 1; of classes, of the examples of each. */
  readonly fraction: number;
  /** Which examples: the same for every training that is to be compared. */
  readonly seed: number;
}

/** Every training of a study takes the same part of the same data set: they share one copy of it. */
const drawn = new WeakMap<Dataset, Map<string, Dataset>>();

/**
 * The data set with a validation split taken out of its training examples: of every class the same share, drawn by the
 * seed, of other targets a share of all examples. Examples keep their order on both sides. The draw depends on the
 * training targets alone, not on the test split. Statistics for scaling stay those of the data set.
 * @throws InvalidInputError where the data set has a validation split, and unless examples are left on both sides.
 */
export function withValidation(data: Dataset, share: ValidationShare): Dataset {
  const known = drawn.get(data) ?? new Map<string, Dataset>();
  drawn.set(data, known);
  const key = `${share.fraction} ${share.seed}`;
  const dataset = known.get(key) ?? divided(data, share);
  known.set(key, dataset);
  return dataset;
}

function divided(data: Dataset, share: ValidationShare): Dataset {
  if (data.validation !== undefined) {
    throw new InvalidInputError("held-out examples are given twice", {
      where: `data (${data.id})`,
      expected: "either a validation split of the data set's own or a share of its training examples",
      received: "both",
      remedy: "Leave out the share",
    });
  }
  const held = validationRows(data.train.targets, share, `data (${data.id})`);
  return {
    ...data,
    train: takeExamples(data.train, otherRows(held, data.train)),
    validation: takeExamples(data.train, held),
  };
}

/**
 * Numbers of the examples of a validation split, ascending.
 * @param targets `int32 [examples]` are classes, of each of which the share is taken, rounded.
 * @throws InvalidInputError unless examples are left on both sides.
 */
export function validationRows(
  { dtype, shape, data }: TensorData,
  { fraction, seed }: ValidationShare,
  where: string,
): Int32Array {
  const [examples] = shape;
  const isClass = dtype === "int32" && shape.length === 1;
  const members = new Map<number, number[]>();
  for (let row = 0; row < examples; row++) {
    const label = isClass ? Number(data[row]) : 0;
    const list = members.get(label);
    if (list === undefined) members.set(label, [row]);
    else list.push(row);
  }
  const held = [...members].flatMap(([label, rows]) => {
    const order = permutation(rows.length, randomStream(seed, "validation split", label));
    return Array.from(order.subarray(0, Math.round(rows.length * fraction)), (place) => rows[place]);
  });
  if (held.length > 0 && held.length < examples) return Int32Array.from(held).sort();
  throw new InvalidInputError("a split without rows", {
    where: `${where}, validation split`,
    expected: "at least one example on both sides",
    received: `${held.length} of ${examples} held out`,
  });
}

/** The rows of a split that are not among these. */
export function otherRows(rows: Int32Array, { targets }: Split): Int32Array {
  const isTaken = new Set(rows);
  return Int32Array.from({ length: targets.shape[0] }, (_, row) => row).filter((row) => !isTaken.has(row));
}

/** The examples with these numbers, in this order. Rows that are streamed stay where they are. */
export function takeExamples({ inputs, source, moreInputs, targets }: Split, rows: Int32Array): Split {
  return {
    inputs: source === undefined ? takeRows(inputs, rows) : inputs,
    ...(source === undefined ? {} : { source: rowsOfSource(source, rows) }),
    ...(moreInputs === undefined
      ? {}
      : { moreInputs: new Map([...moreInputs].map(([name, tensor]) => [name, takeRows(tensor, rows)])) }),
    targets: takeRows(targets, rows),
  };
}

function rowsOfSource({ dtype, shape, read }: RowSource, rows: Int32Array): RowSource {
  return { dtype, shape: [rows.length, ...shape.slice(1)], read: (wanted) => read(wanted.map((row) => rows[row])) };
}
