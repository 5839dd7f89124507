import { describe, expect, it } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { apply, constant, constantValue, input, int64s, scalar } from "../build.js";
import { graph } from "../graph.js";
import { add, div, mul, sub } from "../ops/elementwise/arithmetic.js";
import { cast } from "../ops/elementwise/cast.js";
import { equal } from "../ops/elementwise/comparison.js";
import { where } from "../ops/elementwise/selection.js";
import { exp } from "../ops/elementwise/unary.js";
import { ops } from "../ops/index.js";
import { nonZero } from "../ops/indexing/compress.js";
import { gather } from "../ops/indexing/indexing.js";
import { concat, reshape, slice, unsqueeze } from "../ops/movement/shape-movement.js";
import { constantOfShape, range, shapeOf, size } from "../ops/movement/shape-values.js";
import { nodesOf } from "../order.js";
import type { Tensor } from "../tensor.js";
import { simplify } from "./simplify.js";

const image = () => input("x", "float32", [4, 3, 10, 6]);
const known = (tensor: Tensor): number[] => [...constantValue(tensor)!.data];
const at = (list: Tensor, place: number): Tensor => gather(list, scalar(place, "int64"));

describe("values that are known while a graph is built", () => {
  it("pass through the chain that torch writes for x.view(x.size(0), -1)", () => {
    const x = exp(image());
    const batch = unsqueeze(at(shapeOf(x), 0), [0]);
    expect(apply(ops.Reshape, [x, concat([batch, int64s([-1])], { axis: 0 })])[0].shape).toEqual([4, 180]);
  });

  it("pass through arithmetic, casts, selections and slices in every shape rule", () => {
    const x = image();
    const extents = shapeOf(x);
    const half = div(slice(extents, { starts: [2], ends: [9] }), int64s([-3]));
    expect(known(half)).toEqual([-3, -2]);
    const positive = sub(scalar(0, "int64"), half);
    expect(known(where(equal(positive, int64s([3, 3])), positive, int64s([7, 7])))).toEqual([3, 7]);
    expect(known(cast(mul(cast(extents, "float32"), scalar(0.1)), "int32"))).toEqual([0, 0, 1, 0]);
    expect(known(nonZero(range(0, 3)))).toEqual([1, 2]);
    expect(known(size(constantOfShape(extents)))).toEqual([720]);
    const target = concat([positive, slice(extents, { starts: [0], ends: [1] })], { axis: 0 });
    expect(apply(ops.Expand, [input("row", "float32", [1]), target])[0].shape).toEqual([3, 2, 4]);
    expect(constantOfShape(add(target, int64s([1]))).shape).toEqual([4, 3, 5]);
    expect(apply(ops.Tile, [input("y", "float32", [2, 2]), positive])[0].shape).toEqual([6, 4]);
  });

  it("are rounded to the stored type after every operator", () => {
    const third = div(scalar(1), scalar(3));
    expect(known(third)).toEqual([Math.fround(1 / 3)]);
    expect(known(mul(third, scalar(3)))).toEqual([1]);
  });

  it("keep the largest int64, which means the end of an axis", () => {
    const end = constant({ dtype: "int64", shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) });
    const ends = concat([end, int64s([2])], { axis: 0 });
    expect(apply(ops.Slice, [image(), int64s([1, 0]), ends])[0].shape).toEqual([3, 2, 10, 6]);
  });

  it("never come from inputs, from large tensors, or from axes that vary at run time", () => {
    expect(constantValue(add(input("i", "int64", [1]), int64s([1])))).toBeUndefined();
    expect(constantValue(constantOfShape(int64s([5000])))).toBeUndefined();
    const open = input("steps", "float32", [8, 2], ["steps", null]);
    expect(constantValue(shapeOf(open))).toBeUndefined();
    expect(nodesOf(simplify(graph([open], { y: shapeOf(open) }))).map(({ op }) => op.name)).toEqual(["Shape"]);
  });

  it("pass through chains that are longer than the call stack, visiting each node once", () => {
    let x = scalar(0, "int64");
    for (let i = 0; i < 20_000; i++) x = add(x, i % 2 === 0 ? scalar(1, "int64") : x);
    expect(constantValue(x)).toBeDefined();
  });

  it("are folded by simplify", () => {
    const x = image();
    const flat = reshape(x, [4, 180]);
    const extents = concat(
      [at(shapeOf(flat), 0), at(shapeOf(x), 1)].map((one) => unsqueeze(one, [0])),
      { axis: 0 },
    );
    const after = simplify(graph([x], { y: extents }));
    expect(nodesOf(after).map(({ op }) => op.name)).toEqual(["Constant"]);
    expect(after.outputs[0].tensor.node!.attrs.value).toEqual(tensorFrom("int64", [2], [4, 3]));
  });
});
