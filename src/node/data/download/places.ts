// Where data sets are looked for on this machine, and which files lie there.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInputError } from "../../../core/errors.js";
import type { DatasetDefinition, PublishedFile } from "../../../data/published/definition.js";
import { fileSystemError } from "../../files/atomic-file.js";
import { type Paths, trainscopePaths } from "../../files/paths.js";

/** A data folder. Users own the first two kinds: nothing in them is replaced. */
export interface DataPlace {
  readonly kind: "option" | "environment" | "cache";
  readonly folder: string;
}

export interface PlacesOptions {
  /** A folder that comes before all others: `--data-dir`. */
  readonly dataDir?: string;
  /** Folders of the user; those of the process by default. */
  readonly paths?: Pick<Paths, "data">;
  /** Environment variables; those of the process by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The data folders in the order of lookup: `--data-dir`, `TRAINSCOPE_DATA`, the user's cache. */
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

/** @throws InvalidInputError when `--data-dir` was given and is no folder: a slip must not lead to a download. */
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
 * The files of a set that exist, by name, each from the first place that has it. Contents are not looked at.
 * @throws EnvironmentError when a folder cannot be searched.
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

/** Every spelling that is in use: in the folders of the set or directly, plain or packed, `-idx3` or `.idx3`. */
function candidates(definition: DatasetDefinition, place: DataPlace, name: string): string[] {
  // Directly in the cache there are only folders.
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
