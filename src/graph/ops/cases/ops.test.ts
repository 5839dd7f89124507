// Types, gradients, costs and passes for every case of every operator.
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../../core/numbers/shape.js";
import { gradients } from "../../gradient.js";
import { graph } from "../../graph.js";
import type { Op } from "../../op.js";
import { simplify } from "../../passes/simplify.js";
import { printGraph } from "../../print.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { type OpName, ops } from "../index.js";
import { buildCase } from "./case.js";
import { opCases } from "./cases.js";
import { gradientError, weightedSum } from "./gradient-check.js";

const table = Object.entries(ops) as [OpName, Op][];

describe("the operator table", () => {
  it("lists every record under its ONNX name", () => {
    for (const [name, op] of table) expect(op.name).toBe(name);
  });

  it("contains every record of the folder", async () => {
    const exported: string[] = [];
    for (const file of readdirSync(new URL("..", import.meta.url), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file.includes(".test.") || file === "index.ts" || file.startsWith("cases")) continue;
      const module = (await import(/* @vite-ignore */ `../${file.replace(/\.ts$/, ".js")}`)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(module)) {
        // The table contains only ONNX's own operators.
        if (name.endsWith("Op") && (value as Op).domain === undefined) exported.push((value as Op).name);
      }
    }
    expect(exported.sort()).toEqual(Object.keys(ops).sort());
  });

  it("has a case for every operator that computes", () => {
    const without = table.filter(([name]) => opCases[name].length === 0).map(([name]) => name);
    expect(without).toEqual(["Constant"]);
  });

  it("lists exactly the inputs whose values the shape rule needs as static", () => {
    for (const [name, op] of table) {
      for (const { name: of, inputs, attrs = {} } of opCases[name]) {
        for (const [i, given] of inputs.entries()) {
          if (given?.constant !== true) continue;
          const computed = inputs.map((one, at) => (at === i ? { ...given, constant: false } : one));
          const build = () => buildCase(op, { name: of, inputs: computed, attrs }, "float64");
          if (op.staticInputs?.includes(i) === true)
            expect(build, `${name}, ${of}`).toThrow(/must be a known constant/);
          else expect(build, `${name}, ${of}`).not.toThrow();
        }
      }
    }
  });

  it("has cases with unique names", () => {
    for (const [name] of table) {
      const names = opCases[name].map((one) => one.name);
      expect(new Set(names).size, name).toBe(names.length);
    }
  });
});

const named = (outputs: readonly Tensor[]) => graph([], Object.fromEntries(outputs.map((y, i) => [`y${i}`, y])));

for (const [name, op] of table) {
  if (opCases[name].length === 0) continue;
  describe(name, () => {
    for (const opCase of opCases[name]) {
      const built = () => buildCase(op, opCase, "float64");
      const why = opCase.tolerance?.why;

      it(`${opCase.name}: evaluates to the types of its shape rule`, () => {
        const { inputs, values, outputs } = built();
        const results = evaluateGraph({ ...named(outputs), inputs }, values);
        const typeOf = ({ dtype, shape }: TensorType) => [dtype, opCase.openAxes === true ? shape.length : [...shape]];
        expect(results.map(typeOf)).toEqual(outputs.map(typeOf));
        for (const result of results) expect(result.data.length).toBe(sizeOf(result.shape));
      });

      it(`${opCase.name}: has a finite cost`, () => {
        const { outputs } = built();
        const { node } = outputs[0];
        const { macs, flops } = op.cost(node!.inputs, outputs, node!.attrs);
        expect(Number.isFinite(macs) && macs >= 0 && Number.isFinite(flops)).toBe(true);
        expect(flops).toBeGreaterThanOrEqual(2 * macs);
      });

      it(`${opCase.name}: keeps its values and gradients when simplified, and prints the same text twice`, () => {
        const { inputs, values, outputs, sources } = built();
        const of = op.vjp === "none" ? undefined : weightedSum(outputs, "simplify");
        const slopes = of === undefined || sources.length === 0 ? [] : gradients({ of, withRespectTo: sources });
        const before = { ...named([...outputs, ...slopes]), inputs };
        const after = simplify(before);
        expect(evaluateGraph(after, values)).toEqual(evaluateGraph(before, values));
        expect(printGraph(simplify(after))).toBe(printGraph(after));
        const again = built();
        expect(printGraph({ ...named(again.outputs), inputs: again.inputs })).toBe(
          printGraph({ ...named(outputs), inputs }),
        );
      });

      const of = op.vjp === "none" ? undefined : weightedSum(built().outputs, "output");
      if (of === undefined || built().sources.length === 0) continue;

      it(`${opCase.name}: has the gradient that central differences give${why === undefined ? "" : ` (${why})`}`, () => {
        const { inputs, values, outputs, sources } = built();
        const error = gradientError({ of: weightedSum(outputs, "output")!, inputs, values, sources });
        expect(error).toBeLessThan(opCase.tolerance?.gradient ?? 1e-6);
      });

      if (opCase.twice !== true) continue;

      it(`${opCase.name}: has the second derivative that central differences give`, () => {
        const { inputs, values, outputs, sources } = built();
        const first = gradients({ of: weightedSum(outputs, "output")!, withRespectTo: sources });
        const error = gradientError({ of: weightedSum(first, "gradient")!, inputs, values, sources });
        expect(error).toBeLessThan(opCase.tolerance?.gradient ?? 1e-6);
      });
    }
  });
}
