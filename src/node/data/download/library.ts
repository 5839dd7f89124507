// The data sets of this machine: lists them, downloads missing files, verifies all files.
import { dirname } from "node:path";
import { CorruptFileError, type TrainscopeError } from "../../../core/errors.js";
import type { DatasetDefinition } from "../../../data/published/definition.js";
import { datasetDefinition, datasetTable } from "../../../data/published/index.js";
import { damagedRemedy, downloadFolder, type ObtainOptions, obtainFiles } from "./obtain-files.js";
import { checkDataDir, dataPlaces, type FoundFile, findFiles, type PlacesOptions } from "./places.js";
import { readVerified } from "./read-verified.js";

/** The state of a data set on this machine. */
export interface DatasetStatus {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** `full`: all published files exist; `sample`: only the sample in the package; `absent`: neither. */
  readonly present: "full" | "sample" | "absent";
  /** Folder of the first file found. */
  readonly folder?: string;
  /** Size on disk of the files found. */
  readonly bytes: number;
  /** Names of the published files that were not found. */
  readonly missing: readonly string[];
}

/** Every data set in the order of the table. Searches for files without reading them. */
export async function listDatasets(options: PlacesOptions = {}): Promise<DatasetStatus[]> {
  await checkDataDir(options.dataDir);
  const places = dataPlaces(options);
  const statuses: DatasetStatus[] = [];
  for (const definition of Object.values(datasetTable)) {
    statuses.push(statusOf(definition, await findFiles(definition, places)));
  }
  return statuses;
}

function statusOf(definition: DatasetDefinition, found: ReadonlyMap<string, FoundFile>): DatasetStatus {
  const { id, title, about, files, sample } = definition;
  const missing = files.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  const first = [...found.values()][0];
  return {
    id,
    title,
    about,
    present: missing.length === 0 ? "full" : sample === undefined ? "absent" : "sample",
    ...(first === undefined ? {} : { folder: dirname(first.path) }),
    bytes: [...found.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    missing,
  };
}

/**
 * Finds or downloads all files of a set and verifies them. Downloads go into `dataDir` if given (created if missing),
 * otherwise into the cache.
 * @throws UnknownNameError, MissingDataError, CorruptFileError, EnvironmentError, InterruptedError, InvalidInputError.
 */
export async function getDataset(id: string, options: ObtainOptions = {}): Promise<DatasetStatus> {
  const definition = datasetDefinition(id);
  const target = options.dataDir === undefined ? {} : { downloadDir: options.dataDir };
  const { unavailable } = await obtainFiles(definition, { ...target, ...options });
  if (unavailable !== undefined) throw unavailable;
  return statusOf(definition, await findFiles(definition, dataPlaces(options)));
}

/** The comparison of one file with its published checksum. */
export interface FileCheck {
  readonly file: string;
  readonly state: "good" | "damaged" | "missing";
  /** Its path, or the reason why it is damaged or missing. */
  readonly remark: string;
}

/**
 * Reads every file of a set and compares it with the published checksum, without downloading.
 * @throws UnknownNameError; EnvironmentError if a file cannot be read; InvalidInputError.
 */
export async function verifyDataset(id: string, options: PlacesOptions = {}): Promise<FileCheck[]> {
  const definition = datasetDefinition(id);
  await checkDataDir(options.dataDir);
  const places = dataPlaces(options);
  const found = await findFiles(definition, places);
  const checks: FileCheck[] = [];
  for (const { name } of definition.files) {
    const entry = found.get(name);
    checks.push(
      entry === undefined
        ? { file: name, state: "missing", remark: `belongs into ${downloadFolder(definition, places)}` }
        : await checkFile(definition, entry),
    );
  }
  return checks;
}

async function checkFile(definition: DatasetDefinition, { file, path, place }: FoundFile): Promise<FileCheck> {
  try {
    await readVerified(path, file, damagedRemedy(definition, place));
    return { file: file.name, state: "good", remark: path };
  } catch (cause) {
    if (!(cause instanceof CorruptFileError)) throw cause;
    const { message }: TrainscopeError = cause;
    return { file: file.name, state: "damaged", remark: message };
  }
}
