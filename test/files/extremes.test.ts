// Values and gradients of huge, tiny, infinite, equal and NaN numbers equal PyTorch's on ONNX Runtime in float32.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/core/numbers/dtype.js";
import { sizeOf } from "../../src/core/numbers/shape.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { apply, constant, input } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { graph } from "../../src/graph/graph.js";
import { findOp } from "../../src/graph/ops/index.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import type { Attributes } from "../../src/graph/tensor.js";
import { runOnRuntime } from "../conformance/runtime.js";

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
  readonly inputs: readonly FixtureArray[];
  /** Largest error of an element, if above the usual tolerance. */
  readonly absolute?: number;
  readonly output: FixtureArray;
  readonly gradients: readonly (FixtureArray | null)[];
}

const path = new URL("../../tools/oracle/fixtures/extremes.json", import.meta.url);
const { fixtures } = JSON.parse(readFileSync(path, "utf8")) as { fixtures: Fixture[] };

const dataOf = ({ dtype, shape, data }: FixtureArray) => tensorFrom(dtype, shape, data.map(Number));

/**
 * Kernels approximate functions to a few units in the last place of results of order 1. If PyTorch gives NaN, we may
 * give a number; infinities must be equal.
 */
function fault(found: number, wanted: number, absolute: number): boolean {
  if (Number.isNaN(wanted) || found === wanted) return false;
  if (!Number.isFinite(wanted)) return true;
  return !(Math.abs(found - wanted) <= 2e-5 * Math.abs(wanted) + absolute);
}

function faults(
  what: string,
  found: ArrayLike<number | bigint>,
  expected: FixtureArray,
  given: number | undefined,
): string[] {
  expect(found.length, what).toBe(sizeOf(expected.shape));
  const sizes = expected.data.map((wanted) => Math.abs(Number(wanted))).filter(Number.isFinite);
  const absolute = given ?? 1e-6 * Math.min(1, Math.max(0, ...sizes));
  return expected.data.flatMap((wanted, i) =>
    fault(Number(found[i]), Number(wanted), absolute) ? [`${what}[${i}]: PyTorch ${wanted}, here ${found[i]}`] : [],
  );
}

async function run({ op, attrs, inputs, output, absolute, gradients: expected }: Fixture): Promise<string[]> {
  const tensors = inputs.map((given, i) =>
    given.constant === true ? constant(dataOf(given)) : input(`x${i}`, given.dtype, given.shape),
  );
  const [y] = apply(findOp(op)!, tensors, attrs);
  const wanted = expected.flatMap((gradient, i) => (gradient === null ? [] : [i]));
  const slopes = gradients({
    of: y,
    withRespectTo: wanted.map((i) => tensors[i]),
    cotangent: constant(
      tensorFrom(
        y.dtype,
        y.shape,
        Array.from({ length: sizeOf(y.shape) }, (_, i) => 1 + 0.5 * (i % 3)),
      ),
    ),
  });
  const free = tensors.flatMap((tensor, i) => (tensor.node === undefined ? [i] : []));
  const whole = graph(
    free.map((i) => tensors[i]),
    { y, ...Object.fromEntries(slopes.map((slope, i) => [`slope${i}`, slope])) },
  );
  const results = await runOnRuntime(
    simplify(whole),
    free.map((i) => dataOf(inputs[i])),
  );
  expect(results[0].shape).toEqual(output.shape);
  return [
    ...faults("y", results[0].data, output, absolute),
    ...wanted.flatMap((i, at) => faults(`gradient ${i}`, results[at + 1].data, expected[i]!, absolute)),
  ];
}

describe("extremes", () => {
  it.each(fixtures)("$op, $name", async (fixture) => {
    expect(await run(fixture)).toEqual([]);
  });
});
