// The table of optimizers: one line each.
import { adam } from "./adam.js";
import { sgd } from "./sgd.js";

export const optimizers = { sgd, adam } as const;

export type OptimizerKind = keyof typeof optimizers;
