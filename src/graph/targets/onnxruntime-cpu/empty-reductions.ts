// Empty reductions: bool is refused and some shapes are wrong, so the known result is written instead.
import { isFloat } from "../../../core/numbers/dtype.js";
import { sizeOf } from "../../../core/numbers/shape.js";
import { constantValue, filled } from "../../build.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import type { FactTable, TargetFacts } from "../target.js";

const ofNothing: TargetFacts = {
  lower([x, axes], attrs, { op, outputs: [{ shape }] }) {
    const { dtype } = x!;
    if (sizeOf(x!.shape) > 0 || !(isFloat(dtype) || dtype === "bool")) return null;
    const known = axes === null || axes === undefined ? null : (constantValue(axes) ?? null);
    const empty = { dtype, shape: x!.shape, data: new Float64Array() };
    const [{ data }] = op.evaluate([empty, known], attrs, { evaluateGraph, outputCount: 1 });
    return [filled(dtype, shape, data[0] ?? 0)];
  },
};

export const emptyReductions: FactTable = Object.fromEntries(
  ["Sum", "Mean", "SumSquare", "Max", "Min", "L1", "L2", "Prod", "LogSum", "LogSumExp"].map((name) => [
    `Reduce${name}`,
    ofNothing,
  ]),
);
