// ONNX Runtime's CPU provider, native and as WebAssembly: version 1.30, files of operator set 21.
import { type FactTable, joinedFacts, type Target } from "../target.js";
import { carriers } from "./carriers.js";
import { emptyReductions } from "./empty-reductions.js";
import { kernelFaults } from "./kernel-faults.js";
import { missingOperators } from "./missing-operators.js";
import { missingTypes } from "./missing-types.js";
import { mostInvariantThreads, threadRounding } from "./thread-rounding.js";

/** Memory: in training mode the new running statistics are written over the old ones. */
const inPlace: FactTable = {
  BatchNormalization: { overwrites: ({ training_mode }) => (training_mode === 1 ? [3, 4] : []) },
};

/** What a convolution over blocked channels does to its result in passing. */
const fused: FactTable = { Relu: { fusedActivation: "Relu" } };

/** Without `blockedChannels`: they depend on the processor. */
export const onnxruntimeCpu: Target = {
  name: "onnxruntime-cpu",
  facts: joinedFacts(
    ...[inPlace, fused, threadRounding],
    ...[carriers, missingTypes, missingOperators, kernelFaults, emptyReductions],
  ),
  mostInvariantThreads,
};
