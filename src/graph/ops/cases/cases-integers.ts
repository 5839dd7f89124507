// Test cases of bit operators, remainders, and predicates of numbers.
import type { DType } from "../../../core/numbers/dtype.js";
import { awayFromZero, type CaseInput, exactly, float, integers, type OpCase } from "./case.js";

/** The range from which an integer type is sampled. For int64, the range that a JavaScript number holds exactly. */
const ranges = [
  ["uint8", [0, 256]],
  ["int8", [-128, 128]],
  ["int32", [-(2 ** 31), 2 ** 31]],
  ["uint32", [0, 2 ** 32]],
  ["int64", [-(2 ** 50), 2 ** 50]],
] as const satisfies readonly (readonly [DType, readonly [number, number]])[];

const bits: Readonly<Record<(typeof ranges)[number][0], number>> = {
  uint8: 8,
  int8: 8,
  int32: 32,
  uint32: 32,
  int64: 64,
};

const pairs: OpCase[] = ranges.flatMap(([dtype, range]) => [
  { name: dtype, inputs: [integers(dtype, [16], range), integers(dtype, [16], range)] },
  { name: `${dtype} and a scalar`, inputs: [integers(dtype, [3, 2], range), integers(dtype, [], range)] },
]);

/** Shifts in both directions, by up to the width and beyond; signed types include negative shifts. */
const shifts: OpCase[] = ranges.flatMap(([dtype, range]) =>
  ["LEFT", "RIGHT"].flatMap((direction): OpCase[] => {
    const from = dtype.startsWith("u") ? 0 : -2;
    // A JavaScript number cannot represent the bits that int64 loses on the left.
    const values =
      dtype === "int64" && direction === "LEFT" ? integers(dtype, [12], [-8, 8]) : integers(dtype, [12], range);
    return [
      {
        name: `${dtype} ${direction}`,
        inputs: [values, integers(dtype, [12], [from, bits[dtype] + 3])],
        attrs: { direction },
      },
      {
        name: `${dtype} ${direction} by constants`,
        inputs: [values, { ...integers(dtype, [12], [0, bits[dtype]]), constant: true }],
        attrs: { direction },
      },
    ];
  }),
);

const signs: [number[], number[]] = [
  [-7, 7, -7, 7, 6, -6, 0, 100],
  [3, -3, -3, 3, 3, 3, -5, -128],
];
const signed = (dtype: CaseInput["dtype"]): CaseInput[] => signs.map((values) => exactly(dtype, [8], values));

export const integerCases = {
  BitShift: shifts,
  BitwiseAnd: pairs,
  BitwiseNot: ranges.map(([dtype, range]) => ({ name: dtype, inputs: [integers(dtype, [8], range)] })),
  BitwiseOr: pairs,
  BitwiseXor: pairs,
  IsInf: [
    { name: "both signs", inputs: [exactly("float", [4], [1, Infinity, -Infinity, Number.NaN])] },
    {
      name: "positive",
      inputs: [exactly("float", [4], [1, Infinity, -Infinity, Number.NaN])],
      attrs: { detect_negative: 0 },
    },
    { name: "negative", inputs: [exactly("float", [2], [Infinity, -Infinity])], attrs: { detect_positive: 0 } },
  ],
  IsNaN: [{ name: "one of each", inputs: [exactly("float", [4], [1, Infinity, -Infinity, Number.NaN])] }],
  Mod: [
    ...(["int8", "int32", "int64"] as const).flatMap((dtype): OpCase[] => [
      { name: `${dtype}, sign of the divisor`, inputs: signed(dtype) },
      { name: `${dtype}, sign of the dividend`, inputs: signed(dtype), attrs: { fmod: 1 } },
    ]),
    { name: "uint32", inputs: [integers("uint32", [6], [0, 2 ** 32]), exactly("uint32", [], [1000])] },
    { name: "uint8", inputs: [integers("uint8", [6], [0, 256]), exactly("uint8", [], [7])] },
    {
      name: "floats, sign of the divisor",
      inputs: [awayFromZero([2, 6]), exactly("float", [6], [0.7, -0.7, 3, -3, 0.11, -1.3])],
    },
    {
      name: "floats, sign of the dividend",
      inputs: [awayFromZero([2, 6]), exactly("float", [6], [0.7, -0.7, 3, -3, 0.11, -1.3])],
      attrs: { fmod: 1 },
    },
    { name: "floats, scalar divisor", inputs: [float([5], [0.1, 0.9]), exactly("float", [], [1])] },
  ],
} satisfies Record<string, readonly OpCase[]>;
