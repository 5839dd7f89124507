// Folders of images: `<folder>/train/<class>/*.png`, or `<folder>/<class>/*.png` without held-out examples.
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { InvalidInputError } from "../../core/errors.js";
import { decodeImage, imageEndings } from "../../data/formats/image-file.js";
import { ImageCollector, type ImageSize } from "../../data/user/image-set.js";
import type { StoredExamples } from "../../data/user/user-dataset.js";
import { fileError, readUserFile } from "./read-file.js";

/** Folder names of each split; the first existing one is used. */
const trainFolders = ["train", "training"];
const heldFolders = { validation: ["validation", "val"], test: ["test"] } as const;
/** Largest size of an image file. */
const maxFileBytes = 256_000_000;

/** An image file that has not been read yet. */
export interface ImageEntry {
  readonly path: string;
  /** Name of its folder. */
  readonly label: string;
}

/** The images of a folder by split. Classes and files are sorted by name. */
export interface ImageListing {
  readonly train: readonly ImageEntry[];
  readonly validation?: readonly ImageEntry[];
  readonly test?: readonly ImageEntry[];
}

/**
 * Lists the images of a folder. Names that begin with a dot are skipped.
 * @throws InvalidInputError for a file that is not an image, an empty class, and a folder without classes; EnvironmentError.
 */
export async function listImages(folder: string): Promise<ImageListing> {
  const names = (await entriesOf(folder)).folders;
  const train = trainFolders.find((name) => names.includes(name));
  if (train === undefined) return { train: await listClasses(folder) };
  const held: { validation?: ImageEntry[]; test?: ImageEntry[] } = {};
  for (const split of ["validation", "test"] as const) {
    const found = heldFolders[split].find((name) => names.includes(name));
    if (found !== undefined) held[split] = await listClasses(join(folder, found));
  }
  return { train: await listClasses(join(folder, train)), ...held };
}

async function listClasses(folder: string): Promise<ImageEntry[]> {
  const { folders, files } = await entriesOf(folder);
  if (files.length > 0 || folders.length === 0) {
    throw new InvalidInputError("not a folder of pictures", {
      where: folder,
      expected: "one folder for each class, named for it",
      received: files.length > 0 ? `the file ${files[0]}` : "no folders",
    });
  }
  const entries: ImageEntry[] = [];
  for (const label of folders) {
    const path = join(folder, label);
    const found = await entriesOf(path);
    const odd = found.folders[0] ?? found.files.find((file) => !imageEndings.includes(extname(file).toLowerCase()));
    if (odd !== undefined || found.files.length === 0) {
      throw new InvalidInputError(odd === undefined ? "a class without pictures" : "not a picture", {
        where: odd === undefined ? path : join(path, odd),
        expected: `files that end in ${imageEndings.join(", ")}`,
      });
    }
    for (const file of found.files) entries.push({ path: join(path, file), label });
  }
  return entries;
}

/** Sorted by code unit, so that the order is the same on every machine. */
async function entriesOf(folder: string): Promise<{ folders: string[]; files: string[] }> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    return { folders: folders.sort(), files: files.sort() };
  } catch (cause) {
    throw fileError(folder, cause);
  }
}

/** Reads and decodes images one by one. @throws as `decodeImage` and `ImageCollector.add`. */
export async function readImages(
  folder: string,
  entries: readonly ImageEntry[],
  size: ImageSize | undefined,
  maxBytes: number,
): Promise<StoredExamples> {
  const collector = new ImageCollector(folder, entries.length, size, maxBytes);
  for (const { path, label } of entries) {
    collector.add(decodeImage(await readUserFile(path, maxFileBytes), path), label, path);
  }
  return collector.examples();
}
