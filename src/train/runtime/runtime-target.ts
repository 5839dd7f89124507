// The compilation target that a runtime's programs are made for.
import { InvalidInputError } from "../../core/errors.js";
import { onnxruntimeCpu } from "../../graph/targets/onnxruntime-cpu/index.js";
import type { Target } from "../../graph/targets/target.js";
import type { Provider } from "./capabilities.js";
import type { Runtime } from "./runtime.js";

/** WebAssembly runs the same kernels. Of the others nothing is known yet: neither which are missing nor how they round. */
const targets: Readonly<Partial<Record<Provider, Target>>> = { cpu: onnxruntimeCpu, wasm: onnxruntimeCpu };

/** The target of a runtime's provider. @throws InvalidInputError for a provider that nothing can be compiled for. */
export function runtimeTarget({ name, capabilities: { provider } }: Pick<Runtime, "name" | "capabilities">): Target {
  const target = targets[provider];
  if (target !== undefined) return target;
  throw new InvalidInputError(`cannot compile for the provider "${provider}"`, {
    where: `runtime ${name}`,
    expected: Object.keys(targets).join(" or "),
    received: provider,
  });
}
