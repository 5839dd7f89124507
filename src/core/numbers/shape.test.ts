import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { broadcastShapes, normalizeAxes, normalizeAxis, sameShape, shapeText, sizeOf, stridesOf } from "./shape.js";

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 });

describe("shapes", () => {
  it("have a size that matches their strides", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 }), (shape) => {
        const last = stridesOf(shape).reduce((sum, stride, axis) => sum + stride * (shape[axis] - 1), 0);
        expect(last).toBe(sizeOf(shape) - 1);
      }),
      { seed: 1 },
    );
    expect([sizeOf([]), sizeOf([3, 0]), stridesOf([2, 3, 4])]).toEqual([1, 0, [12, 4, 1]]);
  });

  it("print with both brackets, and differ by rank", () => {
    expect([shapeText([]), shapeText([64, 1, 28])]).toEqual(["[]", "[64, 1, 28]"]);
    expect([sameShape([2, 1], [2]), sameShape([2], [2, 1]), sameShape([2, 1], [2, 1])]).toEqual([false, false, true]);
  });
});

describe("broadcastShapes", () => {
  it("is commutative, has scalars as neutral element, and keeps a shape with itself", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const narrowed = shape.map((extent, axis) => (axis % 2 === 0 ? 1 : extent));
        expect(broadcastShapes("test", shape, narrowed)).toEqual(shape);
        expect(broadcastShapes("test", narrowed, shape)).toEqual(shape);
        expect(broadcastShapes("test", shape, [])).toEqual(shape);
        expect(broadcastShapes("test", shape, shape.slice(1))).toEqual(shape);
      }),
      { seed: 2 },
    );
  });

  it("counts axes from the last", () => {
    expect(broadcastShapes("test", [3], [2, 1], [4, 1, 1])).toEqual([4, 2, 3]);
    expect(broadcastShapes("test")).toEqual([]);
  });

  it("gives size 0 for 0 against 1, and refuses 0 against more", () => {
    expect(broadcastShapes("test", [0], [1])).toEqual([0]);
    expect(() => broadcastShapes("test", [0], [2])).toThrow("do not broadcast");
  });

  it("names both shapes if they do not fit", () => {
    expect(() => broadcastShapes("loss (meanSquaredError)", [64, 10], [64])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: loss (meanSquaredError): shapes do not broadcast: expected equal sizes, or 1, on every axis, counted from the last, received [64, 10] and [64]]`,
    );
  });
});

describe("axes", () => {
  it("count from the end if negative, and are returned in ascending order", () => {
    expect(normalizeAxes("test", [-1, 0], 3)).toEqual([0, 2]);
    expect([normalizeAxis("test", -3, 3), normalizeAxis("test", 2, 3)]).toEqual([0, 2]);
  });

  it("are refused if they are outside the rank, fractional or repeated", () => {
    expect(() => normalizeAxis("concat", 3, 3)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: concat: axis out of range: expected an integer from -3 to 2, received 3]`,
    );
    expect(() => normalizeAxis("concat", -4, 3)).toThrow("axis out of range");
    expect(() => normalizeAxis("concat", 0.5, 3)).toThrow("axis out of range");
    expect(() => normalizeAxis("concat", 0, 0)).toThrow("axis out of range");
    expect(() => normalizeAxes("reduceSum", [1, -2], 3)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: reduceSum: an axis is given twice: received [1, -2]]`,
    );
  });
});
