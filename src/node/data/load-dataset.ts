// Loads a data set by name from any of its places; the embedded sample replaces it if that is allowed.
import type { Dataset } from "../../data/dataset.js";
import { buildDataset } from "../../data/published/definition.js";
import { datasetDefinition } from "../../data/published/index.js";
import { isSyntheticName, syntheticDataset } from "../../data/synthetic.js";
import { type ObtainOptions, obtainFiles } from "./download/obtain-files.js";
import { loadSample } from "./download/sample.js";

export interface LoadDatasetOptions extends ObtainOptions {
  /** Whether the sample inside the package may replace an unavailable full set; true by default. */
  readonly allowSample?: boolean;
  /** Receives the reason if the sample replaces the full set. */
  readonly onSample?: (reason: string) => void;
}

/**
 * The full set from `dataDir`, the folder in `TRAINSCOPE_DATA`, the user's cache or the publisher's mirrors, every file
 * verified by SHA-256; otherwise the embedded sample, whose title says so. Damaged or incomplete files in a user's folder
 * are an error, never a reason for the sample. A synthetic set (`spirals:noise=0.1`) is generated.
 *
 * Example: `const data = await loadDataset("mnist");`
 * @throws UnknownNameError, MissingDataError, CorruptFileError, EnvironmentError, InterruptedError, InvalidInputError.
 */
export async function loadDataset(id: string, options: LoadDatasetOptions = {}): Promise<Dataset> {
  if (isSyntheticName(id)) return syntheticDataset(id);
  const definition = datasetDefinition(id);
  const obtained = await obtainFiles(definition, options);
  if (obtained.unavailable === undefined) return buildDataset(definition, obtained.files);
  const { allowSample = true, onSample } = options;
  if (!allowSample || definition.sample === undefined) throw obtained.unavailable;
  onSample?.(obtained.unavailable.message);
  return loadSample(id);
}
