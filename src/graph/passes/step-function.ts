// A pattern of two operators, Greater and Cast: the step function, 1 above zero and 0 elsewhere, in one pass over memory
// instead of two for comparing and casting.
import { constantValue } from "../build.js";
import type { Rewrite } from "../graph.js";
import type { Op } from "../op.js";
import { hardSigmoid } from "../ops/activation/smooth-activations.js";
import { castOp } from "../ops/elementwise/cast.js";
import { greaterOp } from "../ops/elementwise/comparison.js";

// The smallest normal number times this exceeds 1. Training sessions flush denormals to zero.
const steepness = 3e38;

/** For `rewriteGraph`: `Cast(x > 0)` as an extremely steep hard sigmoid. */
export const stepFunctions: Rewrite = ({ op, attrs, outputs: [y] }, [given]) => {
  const compared = given?.node;
  if (op !== (castOp as Op) || compared?.op !== (greaterOp as Op)) return undefined;
  const [x, bound] = compared.inputs;
  if (x === null || x.dtype !== "float32" || y.dtype !== "float32" || attrs.to !== 1) return undefined;
  const zero = bound === null ? undefined : constantValue(bound);
  if (zero === undefined || zero.data.length !== 1 || Number(zero.data[0]) !== 0) return undefined;
  return [hardSigmoid(x, { alpha: steepness, beta: 0 })];
};
