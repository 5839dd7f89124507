// Values and gradients against PyTorch for every fixture of tools/oracle, in float64. The README there describes the format.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { DType } from "../../../core/numbers/dtype.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, input } from "../../build.js";
import { gradients } from "../../gradient.js";
import { graph } from "../../graph.js";
import type { NdArray, Op } from "../../op.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import type { Attributes, Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { findOp, type OpName, ops } from "../index.js";
import { reduceSum } from "../reduction/reduction.js";

interface FixtureArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
  readonly constant?: boolean;
}

interface Fixture {
  readonly op: string;
  readonly name: string;
  readonly attrs: Attributes;
  readonly inputs: readonly (FixtureArray | null)[];
  readonly outputs: readonly (FixtureArray | null)[];
  readonly cotangents?: readonly (FixtureArray | null)[];
  readonly gradients?: readonly (FixtureArray | null)[];
  readonly tolerance?: number;
}

const folder = new URL("../../../../tools/oracle/fixtures/", import.meta.url);
const fixtures = readdirSync(folder)
  .filter((file) => /^operators-.*\.json$/.test(file))
  .flatMap((file) => (JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { fixtures: Fixture[] }).fixtures);

const ndArrayOf = ({ dtype, shape, data }: FixtureArray): NdArray => ({
  dtype,
  shape,
  data: Float64Array.from(data, Number),
});

/** The error relative to the largest element, since sums that cancel lose relative precision. */
function expectClose(received: NdArray, expected: FixtureArray, tolerance: number, what: string): void {
  expect(`${what} ${received.dtype}[${received.shape}]`).toBe(`${what} ${expected.dtype}[${expected.shape}]`);
  const wanted = expected.data.map(Number);
  const size = wanted.reduce((largest, x) => (Number.isFinite(x) ? Math.max(largest, Math.abs(x)) : largest), 1e-3);
  for (const [i, x] of wanted.entries()) {
    if (Number.isFinite(x)) expect(Math.abs(received.data[i] - x) / size, `${what}[${i}]`).toBeLessThan(tolerance);
    else expect(received.data[i], `${what}[${i}]`).toBe(x);
  }
}

function tensorsOf(fixture: Fixture) {
  const tensors = fixture.inputs.map((given, i) => {
    if (given === null) return null;
    if (given.constant === true) return constant(tensorFrom(given.dtype, given.shape, given.data.map(Number)));
    return input(`x${i}`, given.dtype, given.shape);
  });
  const free = tensors.flatMap((tensor, i) => (tensor === null || tensor.node !== undefined ? [] : [i]));
  const outputs = apply(findOp(fixture.op)!, tensors, fixture.attrs);
  const inputs = free.map((i) => tensors[i]!);
  return { tensors, outputs, inputs, values: free.map((i) => ndArrayOf(fixture.inputs[i]!)) };
}

/** `sum <cotangent, output>`, whose gradients are the vector-Jacobian products. */
function pairing(outputs: readonly Tensor[], cotangents: readonly (FixtureArray | null)[]): Tensor | undefined {
  const parts = outputs.flatMap((output, i) => {
    const ct = cotangents[i] ?? null;
    return ct === null ? [] : [reduceSum(mul(output, constant(tensorFrom(ct.dtype, ct.shape, ct.data.map(Number)))))];
  });
  return parts.length === 0 ? undefined : parts.reduce(add);
}

describe("PyTorch fixtures", () => {
  it("exist for every differentiable operator", () => {
    const covered = new Set(
      fixtures.filter((fixture) => fixture.gradients?.some((g) => g !== null)).map(({ op }) => op),
    );
    const differentiable = (Object.entries(ops) as [OpName, Op][]).filter(([, op]) => op.vjp !== "none");
    expect(differentiable.map(([name]) => name).filter((name) => !covered.has(name))).toEqual([]);
  });

  for (const fixture of fixtures) {
    const tolerance = fixture.tolerance ?? 1e-10;

    it(`${fixture.op}, ${fixture.name}: has the values of PyTorch`, () => {
      const { outputs, inputs, values } = tensorsOf(fixture);
      const results = evaluateGraph(graph(inputs, Object.fromEntries(outputs.map((y, i) => [`y${i}`, y]))), values);
      expect(results.length).toBe(fixture.outputs.length);
      for (const [i, expected] of fixture.outputs.entries()) {
        if (expected !== null) expectClose(results[i], expected, tolerance, `output ${i}`);
      }
    });

    if (fixture.cotangents === undefined || fixture.gradients === undefined) continue;
    const expected = fixture.gradients;
    const wanted = expected.flatMap((gradient, i) => (gradient === null ? [] : [i]));
    if (wanted.length === 0) continue;

    it(`${fixture.op}, ${fixture.name}: has the gradients of PyTorch`, () => {
      const { tensors, outputs, inputs, values } = tensorsOf(fixture);
      const of = pairing(outputs, fixture.cotangents!)!;
      const found = gradients({ of, withRespectTo: wanted.map((i) => tensors[i]!) });
      const slopes = evaluateGraph(graph(inputs, Object.fromEntries(found.map((g, i) => [`g${i}`, g]))), values);
      for (const [k, i] of wanted.entries()) expectClose(slopes[k], expected[i]!, tolerance, `gradient ${i}`);
    });
  }
});
