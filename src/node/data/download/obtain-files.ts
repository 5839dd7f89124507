// Finds the verified bytes of a data set's files: in the user's folders, in the cache, or at the publisher's mirrors.
import { join } from "node:path";
import {
  CorruptFileError,
  EnvironmentError,
  InterruptedError,
  MissingDataError,
  type TrainscopeError,
} from "../../../core/errors.js";
import { type DatasetDefinition, downloadsFor, type PublishedFile } from "../../../data/published/definition.js";
import { type DownloadOptions, downloadFiles, UnreachableError } from "./download.js";
import { checkDataDir, type DataPlace, dataPlaces, type FoundFile, findFiles, type PlacesOptions } from "./places.js";
import { readVerified } from "./read-verified.js";

export interface ObtainOptions extends PlacesOptions, DownloadOptions {
  /** Whether missing files may be downloaded; true by default. */
  readonly allowDownload?: boolean;
  /** Data folder for downloads; the user's cache by default. Created if missing. */
  readonly downloadDir?: string;
}

/** All files by name, or the reason why they are unavailable although this machine has no fault. */
export type Obtained =
  | { readonly files: ReadonlyMap<string, Uint8Array>; readonly unavailable?: undefined }
  | { readonly unavailable: TrainscopeError };

/**
 * All files of a set, each from the first folder that has it; missing files are downloaded.
 * A damaged file of the cache is downloaded again. In a folder of the user, a damaged file or an incomplete set is an error.
 * @throws CorruptFileError, MissingDataError, EnvironmentError, InterruptedError, InvalidInputError.
 */
export async function obtainFiles(definition: DatasetDefinition, options: ObtainOptions): Promise<Obtained> {
  if (options.signal?.aborted) throw new InterruptedError(`data set "${definition.id}"`, "Run it again");
  if (options.dataDir !== options.downloadDir) await checkDataDir(options.dataDir);
  const places = dataPlaces(options);
  const found = await findFiles(definition, places);
  const { files, damaged } = await readFound(definition, found, options.allowDownload !== false);
  const missing = definition.files.filter(({ name }) => !files.has(name));
  if (missing.length === 0) return { files };
  const folder = downloadFolder(definition, places, options.downloadDir);
  const failure = await fetchMissing(definition, missing, folder, places, files, options);
  if (failure === undefined) return { files };
  if (damaged !== undefined) throw damaged;
  // The user put these files there on purpose, so ignoring them would hide that some are missing.
  if ([...found.values()].some(({ place }) => place.kind !== "cache")) throw failure;
  return { unavailable: failure };
}

/** The folder for downloads of this set: the given data folder, or else the cache, which is the last of the places. */
export function downloadFolder(definition: DatasetDefinition, places: readonly DataPlace[], dataDir?: string): string {
  return join(dataDir ?? places[places.length - 1].folder, definition.folders[0]);
}

/** Reads and verifies. Leaves out a damaged file of the cache if it can be replaced. */
async function readFound(
  definition: DatasetDefinition,
  found: ReadonlyMap<string, FoundFile>,
  canReplace: boolean,
): Promise<{ files: Map<string, Uint8Array>; damaged?: CorruptFileError }> {
  const files = new Map<string, Uint8Array>();
  let damaged: CorruptFileError | undefined;
  for (const { name } of definition.files) {
    const entry = found.get(name);
    if (entry === undefined) continue;
    try {
      files.set(name, await readVerified(entry.path, entry.file, damagedRemedy(definition, entry.place)));
    } catch (cause) {
      if (!(cause instanceof CorruptFileError) || entry.place.kind !== "cache" || !canReplace) throw cause;
      damaged ??= cause;
    }
  }
  return damaged === undefined ? { files } : { files, damaged };
}

/** The remedy for a damaged file. */
export function damagedRemedy(definition: DatasetDefinition, place: DataPlace): string {
  return place.kind === "cache"
    ? `Fetch it again: trainscope data get ${definition.id}`
    : `Replace it, or remove it to have it downloaded from ${definition.mirrors[0]}`;
}

/** Downloads into `files`; returns the reason if that fails. */
async function fetchMissing(
  definition: DatasetDefinition,
  missing: readonly PublishedFile[],
  folder: string,
  places: readonly DataPlace[],
  files: Map<string, Uint8Array>,
  options: ObtainOptions,
): Promise<TrainscopeError | undefined> {
  if (options.allowDownload === false) return missingData(definition, missing, folder, places, []);
  try {
    const downloaded = await downloadFiles(definition, missing, folder, options);
    for (const [name, bytes] of downloaded) files.set(name, bytes);
    return undefined;
  } catch (cause) {
    if (cause instanceof UnreachableError) return missingData(definition, missing, folder, places, cause.attempts);
    if (cause instanceof EnvironmentError) return cause;
    throw cause;
  }
}

/** A sentence that names files, source and folder. */
function missingData(
  definition: DatasetDefinition,
  missing: readonly PublishedFile[],
  folder: string,
  places: readonly DataPlace[],
  attempts: readonly string[],
): MissingDataError {
  const downloads = downloadsFor(definition, missing)
    .map(({ name }) => name)
    .join(", ");
  const names = definition.archive === undefined ? downloads : missing.map(({ name }) => name).join(", ");
  const fetched = definition.archive === undefined ? "Download them" : `Unpack ${downloads}`;
  const searched = places.map((place) => place.folder).join(", ");
  return new MissingDataError(
    attempts.length === 0 ? "files are missing" : "files are missing and cannot be downloaded",
    {
      where: `data set "${definition.id}"`,
      expected: `${names} in ${searched} (directly, or in a folder "${definition.folders[0]}")`,
      received: attempts.length === 0 ? "no such files" : attempts.join("; "),
      remedy:
        `${fetched} from ${definition.mirrors.join(" or ")} into ${folder}, ` +
        "or name the folder that holds them with --data-dir or TRAINSCOPE_DATA",
    },
  );
}
