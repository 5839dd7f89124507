// Element types without a kernel, for operators whose results another type represents exactly.
import type { FactTable, TargetFacts } from "../target.js";

const whole: TargetFacts = { carried: { inputs: [0], as: { uint32: "int64" } } };
const small = { uint8: "int32", int8: "int32", uint32: "int64" } as const;

export const carriers: FactTable = {
  ...Object.fromEntries(["TopK", "ArgMax", "ArgMin", "CumSum"].map((name) => [name, whole])),
  ...Object.fromEntries(
    ["Sum", "Mean", "SumSquare", "Max", "Min", "L1", "L2", "Prod", "LogSum", "LogSumExp"].map((name) => [
      `Reduce${name}`,
      whole,
    ]),
  ),
  Trilu: { carried: { inputs: [0], as: small } },
  Einsum: { carried: { inputs: [0, 1], as: small } },
  NonZero: { carried: { inputs: [0], as: { float64: "bool", int8: "bool", uint32: "bool" } } },
  Where: { carried: { inputs: [1, 2], as: { bool: "uint8", int8: "int32", uint32: "int64" } } },
};
