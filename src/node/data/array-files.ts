// Files of named arrays: .npz, .safetensors, a .npy file or a folder of them. Only the requested arrays are read.
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { readSafetensors } from "../../core/formats/safetensors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { readNpy } from "../../data/formats/npy.js";
import { npzNames, readNpz } from "../../data/formats/npz.js";
import type { FilePart } from "./npy-rows.js";
import { fileError, readUserFile } from "./read-file.js";

/** Named arrays that are read on request. */
export interface ArrayFile {
  /** The path, for messages. */
  readonly where: string;
  readonly names: readonly string[];
  /** @param name one of `names`. @throws CorruptFileError, InvalidInputError, EnvironmentError. */
  read(name: string): Promise<TensorData>;
  /** The part of the file that stores an array, for reading it row by row; `undefined` if it is compressed. */
  partOf?(name: string): Promise<FilePart | undefined>;
}

type Open = (path: string) => Promise<ArrayFile>;

/** Readers by file ending. */
const readers: Readonly<Record<string, Open>> = {
  ".npz": openNpz,
  ".npy": openNpy,
  ".safetensors": openSafetensors,
};

/** File endings that `openArrays` accepts. */
export const arrayEndings: readonly string[] = Object.keys(readers);

/** Opens a file by its ending, one of `arrayEndings`. */
export function openArrays(path: string): Promise<ArrayFile> {
  return readers[extname(path).toLowerCase()](path);
}

async function openNpz(path: string): Promise<ArrayFile> {
  const bytes = await readUserFile(path);
  return {
    where: path,
    names: npzNames(bytes, path),
    read: async (name) => readNpz(bytes, path, { names: [name] }).get(name) as TensorData,
  };
}

async function openSafetensors(path: string): Promise<ArrayFile> {
  const { tensors } = readSafetensors(await readUserFile(path), path);
  return { where: path, names: [...tensors.keys()], read: async (name) => tensors.get(name) as TensorData };
}

/** A `.npy` file with the others in its folder: `x.npy` and `y.npy` are arrays `x` and `y`. */
async function openNpy(path: string): Promise<ArrayFile> {
  return openNpyFolder(dirname(path));
}

/** The `.npy` files of a folder, by their names without the ending. */
export async function openNpyFolder(folder: string): Promise<ArrayFile> {
  const names = (await filesIn(folder)).filter(isNpy).map((entry) => basename(entry, ".npy"));
  const pathOf = (name: string): string => join(folder, `${name}.npy`);
  return {
    where: folder,
    names: names.sort(),
    read: (name) => readNpyFile(pathOf(name)),
    partOf: (name) => npyPart(pathOf(name)),
  };
}

/** Whether a folder contains arrays rather than images. */
export async function hasArrays(folder: string): Promise<boolean> {
  return (await filesIn(folder)).some(isNpy);
}

const isNpy = (name: string): boolean => name.endsWith(".npy");

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw fileError(folder, cause);
  }
}

/** A whole `.npy` file as a file part. */
export async function npyPart(path: string): Promise<FilePart> {
  try {
    return { path, where: path, start: 0, bytes: (await stat(path)).size };
  } catch (cause) {
    throw fileError(path, cause);
  }
}

export async function readNpyFile(path: string): Promise<TensorData> {
  return readNpy(await readUserFile(path), path);
}
