// The table of published data sets. Those that are drawn are in src/data/synthetic.ts.
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { findKind } from "../../core/names.js";
import { isSyntheticName, syntheticTable } from "../synthetic.js";
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
 * The definition of a data set, by its name or as torchvision and Keras write it: `FashionMNIST`, `cifar10`.
 * @param where what the user wrote the name in: `--data`.
 * @throws UnknownNameError with the valid names.
 */
export function datasetDefinition(id: string, where = "data set"): DatasetDefinition {
  if (isSyntheticName(id)) {
    throw new InvalidInputError("is drawn from its definition, and has no files", {
      where: `${where} "${id}"`,
      remedy: `It is always here: --data ${id}`,
    });
  }
  const found = findKind(id, datasetTable);
  if (found !== undefined) return datasetTable[found.kind];
  throw new UnknownNameError(where, "data set", id, [...Object.keys(datasetTable), ...Object.keys(syntheticTable)]);
}
