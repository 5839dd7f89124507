// Operators that are compositions of others: their gradients are those of the composition.
import { input } from "../build.js";
import { gradients } from "../gradient.js";
import { rewriteGraph } from "../graph.js";
import type { Vjp } from "../op.js";
import { add } from "../ops/elementwise/arithmetic.js";
import type { Attributes, NamedTensor, Tensor } from "../tensor.js";

/** The outputs of an operator, or the first of them, by other operators. */
export type Compose<A extends Attributes> = (inputs: readonly (Tensor | null)[], attrs: A) => readonly Tensor[];

/**
 * The gradient rule of a composition. It is differentiated separately from the surrounding graph, so that a tensor used
 * as two inputs, or an input that depends on another, counts once for each input.
 */
export function gradientOfComposition<A extends Attributes>(compose: Compose<A>): Vjp<A> {
  return ({ inputs, attrs, cotangents, wants }) => {
    const actual = new Map<Tensor, Tensor>();
    const standIn = (tensor: Tensor): Tensor => {
      const leaf = input("composed", tensor.dtype, tensor.shape);
      actual.set(leaf, tensor);
      return leaf;
    };
    const leaves = inputs.map((tensor) => (tensor === null ? null : standIn(tensor)));
    const outputs = compose(leaves, attrs);
    const wanted = leaves.filter((leaf, i): leaf is Tensor => leaf !== null && wants[i]);
    const parts = cotangents.flatMap((ct, i) =>
      ct === null ? [] : [gradients({ of: outputs[i], withRespectTo: wanted, cotangent: standIn(ct) })],
    );
    const sums = wanted.map(
      (_, i): NamedTensor => ({ name: `${i}`, tensor: parts.map((part) => part[i]).reduce(add) }),
    );
    const placed = rewriteGraph({ inputs: [], outputs: sums }, () => undefined, actual).outputs;
    return leaves.map((leaf) => (leaf === null ? null : (placed[wanted.indexOf(leaf)]?.tensor ?? null)));
  };
}
