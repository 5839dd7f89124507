// flatten: joins all axes after the batch into one.
import * as z from "zod";
import { flatten as flattenNode } from "../../graph/ops/movement/shape-movement.js";
import { defineLayer } from "../layer.js";

/** x `[batch, ...]` becomes `[batch, features]`. */
export const flatten = defineLayer({
  kind: "flatten",
  about: "joins all axes after the batch into one",
  options: z.object({}),
  build: (_spec, x) => flattenNode(x, { axis: 1 }),
});
