// A data set out of a user's own arrays: checks, targets as classes or values, the held-out split, statistics.

import { InvalidInputError } from "../../core/errors.js";
import type { DType } from "../../core/numbers/dtype.js";
import { shapeText } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Dataset, RowSource, Split, SplitName } from "../dataset.js";
import { contentFingerprint, type HashPieces } from "../fingerprint.js";
import { firstRows, heldOutRows } from "../rows.js";
import { otherRows, takeExamples } from "../splits.js";
import { normalizationOf } from "../statistics.js";
import { checkedInputs } from "./array-checks.js";
import { convertTargets, type StoredTargets, type TargetKind } from "./targets.js";

/** Examples as a reader found them, before anything is checked or converted. */
export interface StoredExamples {
  /** The file, for messages: `data.npz`. */
  readonly where: string;
  /** Arrays by name, in the order in which the model takes them; the first one is `Split.inputs`. */
  readonly inputs: ReadonlyMap<string, TensorData>;
  readonly targets: StoredTargets;
  /** Where the rows of the first array stay on disk. The array then has no rows; its values were checked already. */
  readonly stream?: { readonly source: RowSource; readonly sha256: string };
  /** Whether rows lie class after class, so that the last ones say nothing of the others. */
  readonly isGrouped?: boolean;
}

export interface UserDatasetRequest {
  /** What the data set is called whose examples have this fingerprint. */
  readonly identify: (fingerprint: string) => Pick<Dataset, "id" | "title" | "isSample" | "fingerprint" | "source">;
  readonly train: StoredExamples;
  readonly validation?: StoredExamples;
  readonly test?: StoredExamples;
  /**
   * Share of the rows for training that becomes the validation split, from the end, in (0, 1): the last rows, or the last
   * of each class.
   */
  readonly validationSplit?: number;
  /** What the loss wants. By default integers, booleans and texts are classes, other numbers values. */
  readonly targetKind?: TargetKind;
  /** A class number that may be negative: that of targets which do not count. */
  readonly ignoredClass?: number;
  /** What training does with the inputs unless it is told otherwise; `raw` by default. */
  readonly scaling?: Dataset["scaling"];
  /** Hexadecimal SHA-256 of the pieces, one after the other. */
  readonly hash: HashPieces;
}

/**
 * Builds the data set. `float64` inputs become `float32`; other inputs keep their type. Class targets become `int32`,
 * values `float32`.
 * @throws InvalidInputError that names array and row: no rows, row counts that differ, NaN or infinity, negative or
 * fractional classes, splits that do not match.
 */
export function userDataset(request: UserDatasetRequest): Dataset {
  const { validationSplit, hash, scaling = "raw" } = request;
  const names = splitNames.filter((name) => request[name] !== undefined);
  const stored = names.map((name) => request[name] as StoredExamples);
  for (const examples of stored) checkRowCounts(examples);
  const inputs = stored.map((examples) => checkedInputs(examples));
  for (const [i, { where }] of stored.entries())
    if (i > 0) checkSameInputs(request.train.where, where, inputs[0], inputs[i]);
  const { targets, classes } = convertTargets(stored, request.targetKind, request.ignoredClass);
  const given = Object.fromEntries(
    names.map((name, i) => [name, splitOf(inputs[i], targets[i], stored[i].stream?.source)]),
  ) as unknown as Splits;
  const splits =
    validationSplit === undefined ? given : { ...given, ...holdOut(request.train, given, validationSplit) };
  const { train } = splits;
  const [inputName] = inputs[0].keys();
  const before = stored.flatMap(({ stream }) => (stream === undefined ? [] : [stream.sha256]));
  const normalization = train.source === undefined ? normalizationOf(train.inputs) : undefined;
  return {
    ...request.identify(contentFingerprint(splits, { hash, before })),
    ...splits,
    inputShape: train.inputs.shape.slice(1),
    inputName,
    ...(classes === undefined ? {} : { classes }),
    ...(normalization === undefined ? {} : { normalization }),
    scaling,
  };
}

type Splits = Pick<Dataset, SplitName>;

const splitNames: readonly SplitName[] = ["train", "validation", "test"];

function splitOf(inputs: ReadonlyMap<string, TensorData>, targets: TensorData, source: RowSource | undefined): Split {
  const [[, first], ...more] = inputs;
  return {
    inputs: first,
    targets,
    ...(more.length === 0 ? {} : { moreInputs: new Map(more) }),
    ...(source === undefined ? {} : { source }),
  };
}

function checkRowCounts({ where, inputs, targets, stream }: StoredExamples): void {
  if (inputs.size === 0) throw new InvalidInputError("no inputs", { where, expected: "at least one array or column" });
  const arrays: (readonly [string, { readonly shape: readonly number[] }])[] = [...inputs];
  if (stream !== undefined) arrays[0] = [arrays[0][0], stream.source];
  arrays.push([targets.name, targets.values]);
  const [firstName, first] = arrays[0];
  for (const [name, { shape }] of arrays) {
    const place = `${where} > ${name}`;
    if (shape.length === 0) {
      throw new InvalidInputError("a single number", { where: place, expected: "an array with one row an example" });
    }
    if (shape[0] === 0) throw new InvalidInputError("no rows", { where: place, expected: "at least one example" });
    if (shape.includes(0)) {
      throw new InvalidInputError("rows without elements", { where: place, received: shapeText(shape) });
    }
    if (shape[0] !== first.shape[0]) {
      throw new InvalidInputError("arrays differ in the number of rows", {
        where: place,
        expected: `${first.shape[0]}, as ${firstName}`,
        received: `${shape[0]}`,
        remedy: "Row i of every array belongs to example i",
      });
    }
  }
}

/** Training and held-out examples must look alike. */
function checkSameInputs(
  trainWhere: string,
  testWhere: string,
  train: ReadonlyMap<string, TensorData>,
  test: ReadonlyMap<string, TensorData>,
): void {
  for (const [name, { dtype, shape }] of train) {
    const other = test.get(name);
    const form = (type: DType, extents: readonly number[]) =>
      `${type} ${shapeText(["rows", ...extents.slice(1)] as unknown as number[])}`;
    const expected = form(dtype, shape);
    const received = other === undefined ? "nothing" : form(other.dtype, other.shape);
    if (expected === received) continue;
    throw new InvalidInputError("held-out examples differ from those for training", {
      where: `${testWhere} > ${name}`,
      expected: `${expected}, as in ${trainWhere}`,
      received,
    });
  }
}

function holdOut(
  { where, isGrouped }: StoredExamples,
  { train: all, validation }: Splits,
  share: number,
): { readonly train: Split; readonly validation: Split } {
  if (validation !== undefined) {
    throw new InvalidInputError("held-out examples are given twice", {
      where: "--validation-split",
      expected: "either a share of the rows or examples of their own",
      received: "both",
    });
  }
  const rows = all.targets.shape[0];
  const labels = isGrouped === true ? (all.targets.data as Int32Array) : undefined;
  const held = heldOutRows(where, rows, share, labels);
  if (labels === undefined) {
    const count = rows - held.length;
    return { train: rowsOfSplit(all, 0, count), validation: rowsOfSplit(all, count, rows) };
  }
  return { train: takeExamples(all, otherRows(held, all)), validation: takeExamples(all, held) };
}

function rowsOfSplit(split: Split, first: number, end: number): Split {
  if (split.source === undefined) return mapSplit(split, (tensor) => firstRows(tensor, first, end));
  const { inputs } = split;
  const cut = mapSplit(split, (tensor) => (tensor === inputs ? inputs : firstRows(tensor, first, end)));
  return { ...cut, source: sourcePart(split.source, first, end) };
}

/** A streamed array is cut by its numbers. */
function sourcePart(source: RowSource, first: number, end: number): RowSource {
  return {
    dtype: source.dtype,
    shape: [end - first, ...source.shape.slice(1)],
    read: (rows) => source.read(rows.map((row) => row + first)),
  };
}

function mapSplit({ inputs, moreInputs, targets }: Split, map: (tensor: TensorData) => TensorData): Split {
  const more = moreInputs === undefined ? [] : [...moreInputs].map(([name, tensor]) => [name, map(tensor)] as const);
  return { inputs: map(inputs), targets: map(targets), ...(more.length === 0 ? {} : { moreInputs: new Map(more) }) };
}
