// The step function, 1 above zero and 0 elsewhere, in one pass over memory where comparing and casting take two.
import { constantValue } from "../build.js";
import type { Rewrite } from "../graph.js";
import type { Op } from "../op.js";
import { hardSigmoid } from "../ops/activation/smooth-activations.js";
import { castOp } from "../ops/elementwise/cast.js";
import { greaterOp } from "../ops/elementwise/comparison.js";

// The smallest normal number times this is above 1. Denormals are zero to the sessions that train.
const steepness = 3e38;

/** For `rewriteGraph`: `Cast(x > 0)` as a hard sigmoid without a slope to speak of. */
export const stepFunctions: Rewrite = ({ op, attrs, outputs: [y] }, [given]) => {
  const compared = given?.node;
  if (op !== (castOp as Op) || compared?.op !== (greaterOp as Op)) return undefined;
  const [x, bound] = compared.inputs;
  if (x === null || x.dtype !== "float32" || y.dtype !== "float32" || attrs.to !== 1) return undefined;
  const zero = bound === null ? undefined : constantValue(bound);
  if (zero === undefined || zero.data.length !== 1 || Number(zero.data[0]) !== 0) return undefined;
  return [hardSigmoid(x, { alpha: steepness, beta: 0 })];
};
