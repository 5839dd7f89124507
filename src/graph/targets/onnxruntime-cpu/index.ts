// ONNX Runtime's CPU provider, native and as WebAssembly: version 1.30, files of operator set 21.
import { type FactTable, joinedFacts, type Target } from "../target.js";
import { carriers } from "./carriers.js";
import { countedWindows } from "./counted-windows.js";
import { emptyReductions } from "./empty-reductions.js";
import { kernelFaults } from "./kernel-faults.js";
import { missingOperators } from "./missing-operators.js";
import { missingTypes } from "./missing-types.js";
import { mostInvariantThreads, threadRounding } from "./thread-rounding.js";

/** In training mode, the new running statistics overwrite the old ones. */
const inPlace: FactTable = {
  BatchNormalization: { overwrites: ({ training_mode }) => (training_mode === 1 ? [3, 4] : []) },
};

/** Activations that a convolution over blocked channels applies to its result. */
const fused: FactTable = { Relu: { fusedActivation: "Relu" } };

/** Without `blockedChannels`, which depend on the processor. */
export const onnxruntimeCpu: Target = {
  name: "onnxruntime-cpu",
  facts: joinedFacts(
    ...[inPlace, fused, threadRounding],
    ...[carriers, missingTypes, missingOperators, kernelFaults, countedWindows, emptyReductions],
  ),
  mostInvariantThreads,
};
