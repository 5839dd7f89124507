// Graphs of instruments on a runtime: written as a model with the weights inside, and run as often as wanted.
import { toNumbers } from "../../core/numbers/tensor-data.js";
import { simplify } from "../../graph/passes/simplify.js";
import type { GraphSession, OpenGraph } from "../../inspect/field/graph-session.js";
import { writeOnnx } from "../../onnx/write.js";
import type { Runtime } from "./runtime.js";
import { runtimeTarget } from "./runtime-target.js";

/**
 * Opens graphs on a runtime.
 * @param options threads of each session; all cores by default.
 */
export function runtimeSession(runtime: Runtime, { threads = runtime.capabilities.threads.most } = {}): OpenGraph {
  return async (graph, constants): Promise<GraphSession> => {
    const model = writeOnnx(simplify(graph), { initializers: constants, target: runtimeTarget(runtime) });
    const session = await runtime.load(model, { threads });
    const fetch = graph.outputs.map(({ name }) => name);
    return {
      async run(feeds) {
        const { outputs } = await session.run({ feeds, fetch });
        return Object.fromEntries(fetch.map((name) => [name, { data: toNumbers(outputs[name]) }]));
      },
      dispose: () => session.dispose(),
    };
  };
}
