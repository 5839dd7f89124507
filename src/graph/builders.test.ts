// The list of builders against the table of operators: neither has a member that the other lacks.
import { expect, test } from "vitest";
import { plainName } from "../core/names.js";
import * as builders from "./builders.js";
import { ops } from "./ops/index.js";

/** Builders that are not called like their operator, because JavaScript or we have a better word. */
const otherNames: Readonly<Record<string, string>> = {
  IsInf: "isInfinite",
  IsNaN: "isNotANumber",
  LRN: "localResponseNormalization",
  Shape: "shapeOf",
};

/** `Constant` is written as `constant(value)`, which `trainscope` exports beside `ops`. */
const elsewhere = new Set(["Constant"]);

const operators = Object.keys(ops).filter((name) => !elsewhere.has(name));
const expected = new Map(operators.map((name) => [plainName(otherNames[name] ?? name), name]));
const actual = new Map(Object.keys(builders).map((name) => [plainName(name), name]));

test("every operator of the table has a builder", () => {
  expect([...expected].filter(([name]) => !actual.has(name)).map(([, operator]) => operator)).toEqual([]);
});

test("every builder makes an operator of the table", () => {
  expect([...actual].filter(([name]) => !expected.has(name)).map(([, builder]) => builder)).toEqual([]);
});

test("every exception is about an operator of the table", () => {
  expect([...Object.keys(otherNames), ...elsewhere].filter((name) => !Object.hasOwn(ops, name))).toEqual([]);
});
