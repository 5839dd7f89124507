import { expect, test } from "vitest";
import { sizeOf } from "../../core/numbers/shape.js";
import { packTensors, packValues, partExtents, unpackValues } from "./packing.js";

const values = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => i);

test.each([
  { axis: 0, shape: [3072, 1000] },
  { axis: 1, shape: [1000, 3072] },
  { axis: 1, shape: [1000, 1000] },
  { axis: 1, shape: [4096, 25088] },
])("parts of $shape along axis $axis cover it and are neither narrow nor thick", ({ axis, shape }) => {
  const extents = partExtents(shape, axis);
  expect(extents.reduce((sum, extent) => sum + extent)).toBe(shape[axis]);
  expect(extents.length).toBeGreaterThan(1);
  for (const extent of extents.slice(0, -1)) expect(extent % 64).toBe(0);
});

test("no part is so narrow that its product would have to be exchanged", () => {
  for (let extent = 640; extent < 8000; extent += 7)
    expect(Math.min(...partExtents([4096, extent], 1)), `${extent}`).toBeGreaterThan(256);
});

test("what is small, or narrow along the axis, stays whole", () => {
  expect(partExtents([300, 784], 1)).toEqual([784]);
  expect(partExtents([100_000, 100], 1)).toEqual([100]);
});

test.each([0, 1])("values cut along axis %i come back as they were, beside small ones in a common vector", (axis) => {
  const tensors = [
    { path: "a", shape: [3, 5] },
    { path: "large", shape: axis === 0 ? [1400, 640] : [640, 1400], cutAxis: axis },
    { path: "b", shape: [7] },
  ];
  const packing = packTensors("parameters", tensors);
  expect(packing.filter(({ name }) => name.includes("large")).length).toBe(2);
  expect(new Set(packing.map(({ name }) => name)).size).toBe(packing.length);
  const stored = new Map(tensors.map(({ path, shape }) => [path, values(sizeOf(shape))]));
  const vectors = packValues(packing, (path) => stored.get(path) as Float32Array);
  expect(vectors.map(({ data }) => data.length)).toEqual(packing.map(({ length }) => length));
  const back = unpackValues(packing, vectors);
  for (const { path, shape } of tensors) {
    expect(back.get(path)?.shape).toEqual(shape);
    expect(back.get(path)?.data).toEqual(stored.get(path));
  }
});

test("a part is a block of the tensor's indices, not of its memory", () => {
  const shape = [640, 1400];
  const packing = packTensors("parameters", [{ path: "w", shape, cutAxis: 1 }]);
  const second = packValues(packing, () => values(sizeOf(shape)))[1];
  const start = partExtents(shape, 1)[0];
  expect([...(second.data as Float32Array).slice(0, 2)]).toEqual([start, start + 1]);
  expect((second.data as Float32Array)[1400 - start]).toBe(1400 + start);
});

test("an ensemble's tensors are not cut", () => {
  const packing = packTensors("parameters", [{ path: "w", shape: [1400, 640], cutAxis: 0 }], { networks: 3 });
  expect(packing.length).toBe(1);
});
