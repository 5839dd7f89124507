// The catalogue of studies: one line each.
import type { StudyDefinition } from "../study/definition.js";
import { architectures } from "./architectures/index.js";
import { normalization } from "./normalization/index.js";

export { architectures, normalization };

/** Every study by its id. */
export const studies: Readonly<Record<string, StudyDefinition>> = { normalization, architectures };
