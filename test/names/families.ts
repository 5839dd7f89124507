// Every table of definitions by family, for rules of names that hold in all of them.
import type { DefinitionTable } from "../../src/core/definition.js";
import { syntheticTable } from "../../src/data/synthetic.js";
import { augmentations } from "../../src/nn/augmentations.js";
import { initializers } from "../../src/nn/initializers.js";
import { layers } from "../../src/nn/layers/index.js";
import { losses } from "../../src/nn/losses.js";
import { models } from "../../src/nn/models.js";
import { batchSchedules } from "../../src/optim/batch-schedules.js";
import { optimizers } from "../../src/optim/optimizers/index.js";
import { schedules } from "../../src/optim/schedules.js";

export const families: Readonly<Record<string, DefinitionTable>> = {
  layers,
  losses,
  models,
  initializers,
  optimizers,
  schedules,
  batchSchedules,
  augmentations,
  syntheticTable,
};
