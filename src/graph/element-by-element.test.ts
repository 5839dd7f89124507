// For all operators: the record says "elementwise" exactly if changing single elements confirms it.
import { expect, test } from "vitest";
import { isFloat } from "../core/numbers/dtype.js";
import { sameShape } from "../core/numbers/shape.js";
import { actsByElement } from "./accounting/node-reach.js";
import { graph } from "./graph.js";
import type { NdArray, Op } from "./op.js";
import { buildCase, type OpCase } from "./ops/cases/case.js";
import { opCases } from "./ops/cases/cases.js";
import { type OpName, ops } from "./ops/index.js";
import { evaluateGraph } from "./reference/evaluate.js";

const mostElements = 80;

const changed = (x: NdArray, index: number): NdArray => {
  const other = (value: number): number => (x.dtype === "bool" ? 1 - value : value + (isFloat(x.dtype) ? 0.37 : 1));
  return { ...x, data: x.data.map((value, i) => (i === index ? other(value) : value)) };
};

/** The record's statement about the first input of a case, and the result of changing its elements. */
function sayAndShow(op: Op, one: OpCase): { says: boolean; shows: boolean } | undefined {
  const { inputs, outputs, values } = buildCase(op, one, "float64");
  const { node } = outputs[0];
  const position = inputs.indexOf(node?.inputs[0] as (typeof inputs)[number]);
  if (node === undefined || position === -1) return undefined;
  const x = values[position];
  const says = actsByElement(node, 0);
  if (outputs.length !== 1 || !sameShape(x.shape, outputs[0].shape)) return { says, shows: false };
  if (x.data.length < 2 || x.data.length > mostElements) return undefined;
  const run = (value: NdArray): Float64Array =>
    evaluateGraph(
      graph(inputs, { y: outputs[0] }),
      values.map((given, i) => (i === position ? value : given)),
    )[0].data;
  const before = run(x);
  const strays = (index: number): boolean =>
    run(changed(x, index)).some((value, i) => i !== index && !Object.is(value, before[i]));
  return { says, shows: !x.data.some((_, index) => strays(index)) };
}

const table = (Object.entries(ops) as [OpName, Op][]).map(([name, op]) => {
  const cases = opCases[name].flatMap((one) => sayAndShow(op, one) ?? []);
  return { name, cases };
});

test("operators with an elementwise record act element by element in every case", () => {
  const wrong = table.filter(({ cases }) => cases.some(({ says, shows }) => says && !shows));
  expect(wrong.map(({ name }) => name)).toEqual([]);
  const saying = table.filter(({ cases }) => cases.some(({ says }) => says)).map(({ name }) => name);
  expect(saying).toEqual(expect.arrayContaining(["Clip", "Gelu", "LeakyRelu", "PRelu", "Relu", "Sigmoid", "Trilu"]));
});

// EyeLike reads only the type. Scattered updates copy the input and replace some elements.
test("operators that act element by element in every case have an elementwise record, except EyeLike and scatters", () => {
  const silent = table.filter(
    ({ cases }) => cases.length > 0 && cases.every(({ shows }) => shows) && !cases.some(({ says }) => says),
  );
  expect(silent.map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "EyeLike",
      "ScatterElements",
      "ScatterND",
    ]
  `);
});
