// The samples inside the package.
import { fileURLToPath } from "node:url";
import { MissingDataError } from "../../../core/errors.js";
import type { Dataset } from "../../../data/dataset.js";
import { buildSample } from "../../../data/published/definition.js";
import { datasetDefinition, datasetTable } from "../../../data/published/index.js";
import { readVerifiedSample } from "./read-verified.js";

/** Beside `src` in the repository and `dist` in the package, so four folders up from this file in both. */
const samplesFolder = new URL("../../../../samples/", import.meta.url);

/**
 * The embedded sample of a data set, regardless of other files on the machine. Its title says that it is a sample.
 * @throws MissingDataError if the package has no sample of this set.
 */
export async function loadSample(id: string): Promise<Dataset> {
  const definition = datasetDefinition(id);
  const { sample } = definition;
  if (sample === undefined) {
    const withSample = Object.values(datasetTable).filter((other) => other.sample !== undefined);
    throw new MissingDataError("the package holds no sample of this data set", {
      where: id,
      remedy: `Samples: ${withSample.map((other) => other.id).join(", ")}`,
    });
  }
  const files = new Map<string, Uint8Array>();
  for (const file of sample.files) {
    const path = fileURLToPath(new URL(`${id}/${file.name}.br`, samplesFolder));
    files.set(file.name, await readVerifiedSample(path, file, "Install trainscope again"));
  }
  return buildSample(definition, sample, files);
}
