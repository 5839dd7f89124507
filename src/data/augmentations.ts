// The table of augmentations: random changes of training batches, one entry each.
import type { DefinitionTable } from "../core/definition.js";

/** Every augmentation by its kind. */
export const augmentations: DefinitionTable = {};
