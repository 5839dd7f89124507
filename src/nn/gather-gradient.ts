// The gradient of a lookup without that of one row: the padding of an embedding.
import { scalar } from "../graph/build.js";
import { equal } from "../graph/ops/elementwise/comparison.js";
import { where as choose } from "../graph/ops/elementwise/selection.js";
import { stopGradient } from "../graph/ops/elementwise/unary.js";
import { unsqueeze } from "../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";

/**
 * The vectors `[..., features]` of tokens `[...]`, as they are, but no gradient reaches the row `padding` of their table
 * through them: `padding_idx` of PyTorch's `Embedding`.
 */
export function withoutGradientAt(vectors: Tensor, tokens: Tensor, padding: number): Tensor {
  const isPadding = unsqueeze(equal(tokens, scalar(padding, tokens.dtype)), [tokens.shape.length]);
  return choose(isPadding, stopGradient(vectors), vectors);
}
