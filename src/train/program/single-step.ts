// One step outside the loop, for probes and for the search for a non-finite value.
import { input } from "../../graph/build.js";
import { graph, rewriteGraph } from "../../graph/graph.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import { stateNames } from "./state-layout.js";
import type { TrainingStep } from "./step.js";

/** A graph of these outputs with the inputs of the training program, but `iteration` instead of `steps`. */
export function singleStep(step: TrainingStep, outputs: Readonly<Record<string, Tensor>>): Graph {
  const { iteration, carried, captures, state } = step;
  const source = graph([iteration, ...carried, ...captures], outputs);
  const replaced = new Map<Tensor, Tensor>();
  // State vectors get their names outside the loop.
  for (const [i, name] of stateNames(state).entries())
    replaced.set(carried[i], input(name, carried[i].dtype, carried[i].shape));
  return rewriteGraph(source, () => undefined, replaced);
}
