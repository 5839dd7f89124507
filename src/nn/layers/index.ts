// The table of layers: one line each.
import { activations } from "../activations.js";
import { batchNorm } from "./batch-norm.js";
import { conv2d } from "./conv2d.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { flatten } from "./flatten.js";
import { averagePool2d, maxPool2d } from "./pool2d.js";
import { sequentialLayer } from "./sequential.js";

export const layers = {
  dense,
  conv2d,
  maxPool2d,
  averagePool2d,
  batchNorm,
  dropout,
  flatten,
  sequential: sequentialLayer,
  ...activations,
} as const;

export type LayerKind = keyof typeof layers;
