// Definitions of the numbers in an inspection, as printed beside them.
import type { Inspection } from "./inspection.js";

/** One sentence for each kind of number. Tools differ: some call "FLOPs" what we call MACs. */
export const conventions: Inspection["conventions"] = {
  macs: "multiply-accumulate pairs of convolutions and matrix products, including attention; biases are not counted",
  flops: "2 x MACs, plus one for every other arithmetic operation or function call",
  activations: "elements that layers write; views (Reshape, Flatten, Squeeze, Identity) write none",
  receptiveField:
    "input pixels that an element depends on, the maximum over paths that keep positions (Araujo, Norris and Sim, Distill 2019)",
  memory:
    "inference: weights and the largest sum of tensors alive at once, element-wise functions in place; training: weights, gradients, optimizer slots and the tensors that the backward pass reads; neither counts the runtime's workspace",
};
