// The table of optimizers: one line each.
import { adadelta } from "./adadelta.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamW } from "./adam-w.js";
import { adamax } from "./adamax.js";
import { lion } from "./lion.js";
import { nadam } from "./nadam.js";
import { radam } from "./radam.js";
import { rmsprop } from "./rmsprop.js";
import { rmspropNesterov } from "./rmsprop-nesterov.js";
import { rprop } from "./rprop.js";
import { sgd } from "./sgd.js";

export const optimizers = {
  sgd,
  adagrad,
  adadelta,
  rmsprop,
  rmspropNesterov,
  adam,
  adamW,
  nadam,
  radam,
  adamax,
  lion,
  rprop,
} as const;

export type OptimizerKind = keyof typeof optimizers;
