// Loads a user's own data from a path: arrays, tables or images.
import { basename, extname, resolve } from "node:path";
import { InvalidInputError } from "../../core/errors.js";
import { type TensorData, zeros } from "../../core/numbers/tensor-data.js";
import type { Dataset, RowSource } from "../../data/dataset.js";
import { type CsvChoice, readCsvExamples } from "../../data/formats/csv-table.js";
import { localData, localName } from "../../data/source.js";
import { chooseArrays } from "../../data/user/array-choice.js";
import type { ImageSize } from "../../data/user/image-set.js";
import type { TargetKind } from "../../data/user/targets.js";
import { type StoredExamples, userDataset } from "../../data/user/user-dataset.js";
import { sha256Natively } from "../files/sha256.js";
import {
  type ArrayFile,
  arrayEndings,
  hasArrays,
  npyPart,
  openArrays,
  openNpyFolder,
  readNpyFile,
} from "./array-files.js";
import { type ImageEntry, listImages, readImages } from "./image-folder.js";
import { openNpyRows, type StreamedRows } from "./npy-rows.js";
import { pathKind, readUserFile } from "./read-file.js";

/** More images would fill the memory of a small machine several times over. */
const maxImageBytes = 2 ** 31 - 1;

/** The user's options for the data, all optional. */
export interface UserDataOptions {
  /** `--inputs`: names of arrays, in the order of the model's inputs; of columns of a table. */
  readonly inputs?: readonly string[];
  /** `--targets`: name of the array of targets; of columns of a table. */
  readonly targets?: readonly string[];
  /** `--test`: path of the test examples, of the same kind. */
  readonly test?: string;
  /** `--test-inputs`, `--test-targets`: names of the test arrays, in the same file or in that of `test`. */
  readonly testInputs?: readonly string[];
  readonly testTargets?: readonly string[];
  /** `--validation-split`: fraction of the training rows, taken from the end, that becomes the validation split. */
  readonly validationSplit?: number;
  /** `--image-size`: the size to which all images of a folder are resized; without it, they must have the same size. */
  readonly imageSize?: ImageSize;
  /**
   * Larger arrays, in bytes, stay on disk, and a training reads their rows when it needs them; by default
   * `TRAINSCOPE_RESIDENT_LIMIT` or 1 GiB. Only the first input of a `.npy` file is streamed.
   */
  readonly residentLimit?: number;
  /** The kind of targets that the loss needs; inferred from the type of the targets by default. */
  readonly targetKind?: TargetKind;
  /** The class number of ignored targets, which may be negative. */
  readonly ignoredClass?: number;
}

/** Whether `--data` is a path rather than the name of a data set: it has a separator or a known file ending. */
export function isDataPath(text: string): boolean {
  return /[\\/]/.test(text) || text.startsWith(".") || fileEndings.includes(extname(text).toLowerCase());
}

/**
 * Loads a user's data:
 * - `.npz`, `.safetensors`: arrays by name. `.npy`: the array, and its neighbors `<name>.npy` in the same folder.
 * - a folder of `.npy` files. A name that ends in `.npy` is always a path.
 * - `.csv` with a header: columns of numbers, and target columns; one target column may hold class names.
 * - a folder of images, PNG or JPEG: `train/<class>/*` and `test/<class>/*`, or `<class>/*`.
 *
 * Inputs keep their type, except that `float64` becomes `float32`. `scaling` of the result is `standardize` for images,
 * otherwise `raw`.
 * @throws MissingDataError if a path does not exist; InvalidInputError, CorruptFileError or UnknownNameError for faults in
 * the contents; EnvironmentError if a file cannot be read.
 */
export async function loadUserData(path: string, options: UserDataOptions = {}): Promise<Dataset> {
  const { read, scaling } = await readerFor(path);
  return userDataset({
    identify: (fingerprint) => localData(localName(basename(resolve(path)), fingerprint), fingerprint),
    ...(await read(path, options)),
    ...(options.validationSplit === undefined ? {} : { validationSplit: options.validationSplit }),
    ...(options.targetKind === undefined ? {} : { targetKind: options.targetKind }),
    ...(options.ignoredClass === undefined ? {} : { ignoredClass: options.ignoredClass }),
    scaling,
    hash: sha256Natively,
  });
}

/** Reads the examples of one kind of path. */
interface Reader {
  readonly read: (path: string, options: UserDataOptions) => Promise<StoredSplits>;
  readonly scaling: NonNullable<Dataset["scaling"]>;
}

const arrayReader: Reader = { read: readArrayExamples, scaling: "raw" };
const imageReader: Reader = { read: readImageExamples, scaling: "standardize" };
/** Readers of files by ending. */
const readers: Readonly<Record<string, Reader>> = {
  ...Object.fromEntries(arrayEndings.map((ending) => [ending, arrayReader])),
  ".csv": { read: readTableExamples, scaling: "raw" },
};
const fileEndings = Object.keys(readers);

async function readerFor(path: string): Promise<Reader> {
  if ((await pathKind(path)) === "folder") return (await hasArrays(path)) ? arrayReader : imageReader;
  const ending = extname(path).toLowerCase();
  if (Object.hasOwn(readers, ending)) return readers[ending];
  throw unknownKind(path);
}

function unknownKind(path: string): InvalidInputError {
  return new InvalidInputError("kind of file that we cannot read", {
    where: path,
    expected: `a folder, or a file that ends in ${fileEndings.join(", ")}`,
    received: extname(path) === "" ? "no ending" : extname(path),
  });
}

interface StoredSplits {
  readonly train: StoredExamples;
  readonly validation?: StoredExamples;
  readonly test?: StoredExamples;
}

async function readArrayExamples(path: string, options: UserDataOptions): Promise<StoredSplits> {
  const { test, testInputs, testTargets } = options;
  const limit = residentLimitOf(options.residentLimit);
  const file = withFiles(await openAny(path), [...(options.inputs ?? []), ...(options.targets ?? [])]);
  const inputs = options.inputs ?? ownName(path);
  const targets = oneTarget("--targets", options.targets);
  const names = chooseArrays(file.where, file.names, {
    ...(inputs === undefined ? {} : { inputs }),
    ...(targets === undefined ? {} : { targets }),
  });
  const train = await readExamples(file, names, names.inputs, limit);
  if (test === undefined && testInputs === undefined && testTargets === undefined) return { train };
  if (test === undefined && (testInputs === undefined || testTargets === undefined)) {
    throw new InvalidInputError("half of the held-out examples", {
      where: testInputs === undefined ? "--test-targets" : "--test-inputs",
      expected: "--test-inputs and --test-targets together, or a file with --test",
      received: "one of them",
    });
  }
  const testFile = withFiles(test === undefined ? file : await openAny(test), [
    ...(testInputs ?? []),
    ...(testTargets ?? []),
  ]);
  const testNames = chooseArrays(testFile.where, testFile.names, {
    inputs: testInputs ?? ownName(test ?? "") ?? names.inputs,
    targets: oneTarget("--test-targets", testTargets) ?? names.targets,
  });
  if (testNames.inputs.length !== names.inputs.length) {
    throw new InvalidInputError("not as many arrays as for training", {
      where: "--test-inputs",
      expected: `${names.inputs.length}, one for each of ${names.inputs.join(", ")}`,
      received: `${testNames.inputs.length}`,
    });
  }
  return { train, test: await readExamples(testFile, testNames, names.inputs, limit) };
}

/** Names that end in `.npy` are paths, unless the file contains such names itself. */
function withFiles(file: ArrayFile, names: readonly string[]): ArrayFile {
  const paths = names.filter((name) => /\.npy$/i.test(name) && !file.names.includes(name));
  if (paths.length === 0) return file;
  const read = (name: string) => (paths.includes(name) ? readNpyFile(name) : file.read(name));
  const partOf = async (name: string) => (paths.includes(name) ? npyPart(name) : file.partOf?.(name));
  return { where: file.where, names: [...file.names, ...paths], read, partOf };
}

/** A single `.npy` file contains the inputs. */
function ownName(path: string): readonly string[] | undefined {
  return /\.npy$/i.test(path) ? [basename(path, extname(path))] : undefined;
}

async function openAny(path: string): Promise<ArrayFile> {
  if ((await pathKind(path)) === "folder") return openNpyFolder(path);
  if (arrayEndings.includes(extname(path).toLowerCase())) return openArrays(path);
  throw unknownKind(path);
}

async function readTableExamples(path: string, options: UserDataOptions): Promise<StoredSplits> {
  const { inputs, targets, test, testInputs = inputs, testTargets = targets } = options;
  const train = readCsvExamples(await readUserFile(path), path, columns(inputs, targets));
  if (test === undefined) return { train };
  return { train, test: readCsvExamples(await readUserFile(test), test, columns(testInputs, testTargets)) };
}

function columns(inputs: readonly string[] | undefined, targets: readonly string[] | undefined): CsvChoice {
  return { ...(inputs === undefined ? {} : { inputs }), ...(targets === undefined ? {} : { targets }) };
}

async function readImageExamples(path: string, options: UserDataOptions): Promise<StoredSplits> {
  const { test: testFolder, imageSize } = options;
  const own = await listImages(path);
  const images = (folder: string, entries: readonly ImageEntry[]): Promise<StoredExamples> =>
    readImages(folder, entries, imageSize, maxImageBytes);
  const train = await images(path, own.train);
  const validation = own.validation === undefined ? {} : { validation: await images(path, own.validation) };
  // A named folder takes precedence over folders beside the training examples.
  if (testFolder !== undefined) {
    const listed = await listImages(testFolder);
    return { train, ...validation, test: await images(testFolder, listed.train) };
  }
  return { train, ...validation, ...(own.test === undefined ? {} : { test: await images(path, own.test) }) };
}

function oneTarget(flag: string, targets: readonly string[] | undefined): string | undefined {
  if (targets === undefined || targets.length === 1) return targets?.[0];
  throw new InvalidInputError("targets are one array", {
    where: flag,
    expected: "one name",
    received: targets.join(", "),
  });
}

/** The arrays under the names of the training examples, in their order. */
async function readExamples(
  file: ArrayFile,
  { inputs, targets }: { readonly inputs: readonly string[]; readonly targets: string },
  as: readonly string[],
  residentLimit: number,
): Promise<StoredExamples> {
  const arrays = new Map<string, TensorData>();
  const stream = await streamOf(file, inputs[0], residentLimit);
  for (const [i, name] of inputs.entries()) {
    arrays.set(as[i], i === 0 && stream !== undefined ? withoutRows(stream.source) : await file.read(name));
  }
  return {
    where: file.where,
    inputs: arrays,
    targets: { name: targets, values: await file.read(targets) },
    ...(stream === undefined ? {} : { stream }),
  };
}

async function streamOf(file: ArrayFile, name: string, residentLimit: number): Promise<StreamedRows | undefined> {
  const part = await file.partOf?.(name);
  return part === undefined || part.bytes <= residentLimit ? undefined : openNpyRows(part);
}

/** Element type and shape of streamed rows. */
function withoutRows({ dtype, shape }: RowSource): TensorData {
  return zeros(dtype, [0, ...shape.slice(1)]);
}

const defaultResidentLimit = 2 ** 30;

/** @throws InvalidInputError for a limit that is not a number of bytes. */
function residentLimitOf(given: number | undefined): number {
  const text = process.env.TRAINSCOPE_RESIDENT_LIMIT ?? "";
  const limit = given ?? (text === "" ? defaultResidentLimit : Number(text));
  if (limit >= 0) return limit;
  throw new InvalidInputError("not a number of bytes", {
    where: "TRAINSCOPE_RESIDENT_LIMIT",
    expected: "a number from 0",
    received: text,
  });
}
