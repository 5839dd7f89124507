// How a training is compiled: the phases in their order, and the last ones, which depend on the executor.
//
//   TrainingRequest
//     | build          layers -> the graph of one batch of one network     nn/network.ts, called by wholeBatch (backward.ts)
//     | bind           placeholders -> rows of the data, vectors of state  bindNetwork (backward.ts); on the way products by
//     |                                                                    parts, exchanged picks, polyphase pooling
//     | differentiate  loss -> gradients                                   graph/gradient.ts, called by wholeBatch
//     | update         gradients -> parameters and slots after the step    update.ts, called by trainingStep (step.ts)
//     | many           one network -> an axis for all, or lanes            ensembleBody, laneBody (ensemble-form.ts)
//     | lower          single nodes -> what this executor is fast at       lowerTraining, lowerInference (below)
//     | loop           one step -> any number of them                      trainingProgram (program.ts)
//     v
//   Program
//     | write          graph -> bytes of an ONNX model                     onnx/write.ts; operators that the executor lacks
//     v                                                                    are composed there
//   Session
//
// Rewritings of the network come before differentiation, so that gradients are taken of the form that is computed. Networks
// are put side by side after it, so that gradients are those of one network. Lowering comes last, since what is fast
// depends on the shapes of all of them. A loop over micro-batches lowers its own body (microBatches, backward.ts).

import { rewriteGraph } from "../../graph/graph.js";
import { blockedConvolutions } from "../../graph/passes/blocked-convolution.js";
import { fixThreadRounding, shareGradientParts } from "../../graph/passes/lower.js";
import { simplify } from "../../graph/passes/simplify.js";
import { onnxruntimeCpu } from "../../graph/targets/onnxruntime-cpu/index.js";
import type { Target } from "../../graph/targets/target.js";
import type { Graph } from "../../graph/tensor.js";

/**
 * Lowers a graph with its gradients. Blocks come first: a convolution in blocks has no columns that its gradient could
 * share. Rounding comes after both, since shared columns end in products too.
 */
export function lowerTraining(source: Graph, target: Target = onnxruntimeCpu): Graph {
  const shared = rewriteGraph(rewriteGraph(source, blockedConvolutions(target)), shareGradientParts(target));
  return simplify(rewriteGraph(shared, fixThreadRounding(target)));
}

/** The same for a graph without gradients. */
export function lowerInference(source: Graph, target: Target = onnxruntimeCpu): Graph {
  const blocked = rewriteGraph(source, blockedConvolutions(target));
  return simplify(rewriteGraph(blocked, fixThreadRounding(target)));
}
