// The folders in which this machine's data sets are searched, and the files found there.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInputError } from "../../../core/errors.js";
import type { DatasetDefinition, PublishedFile } from "../../../data/published/definition.js";
import { fileSystemError } from "../../files/atomic-file.js";
import { type Paths, trainscopePaths } from "../../files/paths.js";

/** A data folder. The first two kinds belong to the user, so their files are never replaced. */
export interface DataPlace {
  readonly kind: "option" | "environment" | "cache";
  readonly folder: string;
}

export interface PlacesOptions {
  /** The folder that is searched first: `--data-dir`. */
  readonly dataDir?: string;
  /** The user's folders; those of the process by default. */
  readonly paths?: Pick<Paths, "data">;
  /** Environment variables; those of the process by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The data folders in search order: `--data-dir`, `TRAINSCOPE_DATA`, the user's cache. */
export function dataPlaces(options: PlacesOptions): DataPlace[] {
  const { dataDir, environment = process.env, paths = trainscopePaths({ environment }) } = options;
  const places: DataPlace[] = [];
  if (dataDir !== undefined) places.push({ kind: "option", folder: dataDir });
  const fromEnvironment = environment.TRAINSCOPE_DATA;
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    places.push({ kind: "environment", folder: fromEnvironment });
  }
  places.push({ kind: "cache", folder: paths.data });
  return places;
}

/** @throws InvalidInputError if `--data-dir` is not a folder, since a typing error must not start a download. */
export async function checkDataDir(dataDir: string | undefined): Promise<void> {
  if (dataDir === undefined) return;
  const found = await statOrMissing(dataDir);
  if (found === undefined || !found.isDirectory()) {
    throw new InvalidInputError(found === undefined ? "folder does not exist" : "not a folder", {
      where: "--data-dir",
      received: dataDir,
      remedy: "Name a folder that holds data sets",
    });
  }
}

export interface FoundFile {
  readonly file: PublishedFile;
  readonly place: DataPlace;
  readonly path: string;
  /** Size on disk. */
  readonly bytes: number;
}

/**
 * The existing files of a set by name, each from the first folder that has it. Contents are not read.
 * @throws EnvironmentError if a folder cannot be searched.
 */
export async function findFiles(
  definition: DatasetDefinition,
  places: readonly DataPlace[],
): Promise<Map<string, FoundFile>> {
  const found = new Map<string, FoundFile>();
  for (const place of places) {
    for (const file of definition.files) {
      if (found.has(file.name)) continue;
      for (const path of candidates(definition, place, file.name)) {
        const status = await statOrMissing(path);
        if (status?.isFile() !== true) continue;
        found.set(file.name, { file, place, path, bytes: status.size });
        break;
      }
    }
  }
  return found;
}

/** All usual file names: in the set's folders or directly, uncompressed or compressed, `-idx3` or `.idx3`. */
function candidates(definition: DatasetDefinition, place: DataPlace, name: string): string[] {
  // The top level of the cache contains only folders.
  const folders = place.kind === "cache" ? definition.folders.slice(0, 1) : [...definition.folders, ""];
  const names = [...new Set([name, name.replace("-idx", ".idx")])];
  return folders.flatMap((folder) =>
    names.flatMap((spelling) => [join(place.folder, folder, spelling), join(place.folder, folder, `${spelling}.gz`)]),
  );
}

async function statOrMissing(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw fileSystemError(path, "read", cause);
  }
}
