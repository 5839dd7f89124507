// Every operator's test cases. An operator without an entry does not type-check.

import type { OpName } from "../index.js";
import type { OpCase } from "./case.js";
import { activationCases } from "./cases-activations.js";
import { contractionCases } from "./cases-contraction.js";
import { elementwiseCases } from "./cases-elementwise.js";
import { indexingCases } from "./cases-indexing.js";
import { integerCases } from "./cases-integers.js";
import { movementCases } from "./cases-movement.js";
import { networkCases } from "./cases-network.js";
import { normalizationCases } from "./cases-normalization.js";
import { poolingCases } from "./cases-pooling.js";
import { reductionCases } from "./cases-reductions.js";
import { resizeCases } from "./cases-resize.js";
import { shapeValueCases } from "./cases-shape-values.js";

export const opCases: Readonly<Record<OpName, readonly OpCase[]>> = {
  ...activationCases,
  ...contractionCases,
  ...elementwiseCases,
  ...indexingCases,
  ...integerCases,
  ...movementCases,
  ...shapeValueCases,
  ...networkCases,
  ...normalizationCases,
  ...poolingCases,
  ...reductionCases,
  ...resizeCases,
};
