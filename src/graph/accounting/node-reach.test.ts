// Reach rules against the operators: every input element is changed, and only the allowed output elements may change.
import { describe, expect, it } from "vitest";
import { sizeOf, stridesOf } from "../../core/numbers/shape.js";
import { graph } from "../graph.js";
import type { NdArray, Op } from "../op.js";
import { buildCase } from "../ops/cases/case.js";
import { opCases } from "../ops/cases/cases.js";
import { type OpName, ops } from "../ops/index.js";
import { evaluateGraph } from "../reference/evaluate.js";
import type { AxisReach } from "./axis-reach.js";
import { reachOf } from "./node-reach.js";

const mostElements = 80;

const told = (Object.entries(ops) as [OpName, Op][]).filter(
  ([, op]) => op.reach !== undefined || op.window !== undefined || op.batch === "elementwise",
);

function placeOf(flat: number, shape: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return shape.map((extent, axis) => Math.floor(flat / strides[axis]) % extent);
}

/** Whether an output element at `place` may depend on input index `at` along one axis. Resize repeats the border elements. */
function allows(reach: AxisReach, at: number, place: readonly number[], extent: number): boolean {
  switch (reach.kind) {
    case "same":
      return reach.seesAll === true || place[reach.axis] === at;
    case "window": {
      const tap = (at - (place[reach.axis] * reach.stride - reach.pad)) / reach.dilation;
      return Number.isInteger(tap) && tap >= 0 && tap < reach.kernel;
    }
    case "between": {
      const u = place[reach.axis];
      if (reach.reads === undefined) return Math.abs(at - (u * reach.step + reach.start)) <= reach.taps / 2 + 0.5;
      const { advance, places } = reach.reads;
      const first = Math.floor(u / places.length) * advance;
      return places[u % places.length].some((read) => Math.max(0, Math.min(extent - 1, first + read)) === at);
    }
    default:
      return true;
  }
}

const changed = (x: NdArray, index: number): NdArray => ({
  ...x,
  data: x.data.map((value, i) => (i === index ? (x.dtype === "bool" ? 1 - value : value + 0.37) : value)),
});

describe.each(told)("%s", (name, op) => {
  it.each(opCases[name].map((one) => [one.name, one] as const))("%s", (_, one) => {
    const built = buildCase(op, one, "float64");
    const node = built.outputs[0].node;
    if (node === undefined) return;
    const named = Object.fromEntries(built.outputs.map((tensor, i) => [`y${i}`, tensor]));
    const run = (values: readonly NdArray[]) => evaluateGraph(graph(built.inputs, named), values);
    const before = run(built.values);
    for (const [k, tensor] of built.inputs.entries()) {
      const value = built.values[k];
      const isFloating = value.dtype.startsWith("float");
      // Other padding modes read elements inside the border, as the comment of the rule says.
      if (!isFloating || value.data.length > mostElements || (name === "Pad" && one.attrs?.mode !== undefined))
        continue;
      const index = node.inputs.indexOf(tensor);
      for (let i = 0; i < value.data.length; i++) {
        const after = run(built.values.with(k, changed(value, i)));
        for (const [output, result] of after.entries()) {
          const reach = reachOf(node, output)?.[index];
          if (reach === null || reach === undefined) continue;
          expect(reach).toHaveLength(value.shape.length);
          const from = placeOf(i, value.shape);
          for (let o = 0; o < sizeOf(result.shape); o++) {
            if (Object.is(result.data[o], before[output].data[o])) continue;
            const place = placeOf(o, result.shape);
            expect(
              reach.every((axis, a) => allows(axis, from[a], place, value.shape[a])),
              `input ${index} at ${from} reaches output ${output} at ${place}`,
            ).toBe(true);
          }
        }
      }
    }
  });
});
