// The table of data sets.
import { UnknownNameError } from "../core/errors.js";
import { cifar10 } from "./cifar-10.js";
import type { DatasetDefinition } from "./definition.js";
import { fashionMnist } from "./fashion-mnist.js";
import { mnist } from "./mnist.js";

export const datasetTable: Readonly<Record<string, DatasetDefinition>> = {
  mnist,
  "fashion-mnist": fashionMnist,
  "cifar-10": cifar10,
};

/**
 * The definition of a data set.
 * @param where what the user wrote the name in: `--data`.
 * @throws UnknownNameError with the valid names.
 */
export function datasetDefinition(id: string, where = "data set"): DatasetDefinition {
  if (!Object.hasOwn(datasetTable, id)) throw new UnknownNameError(where, "data set", id, Object.keys(datasetTable));
  return datasetTable[id];
}
