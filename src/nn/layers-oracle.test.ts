// Layers, their parameters' names and their gradients against PyTorch, in float64.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSpec } from "../core/definition.js";
import type { DType } from "../core/numbers/dtype.js";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { filled, input } from "../graph/build.js";
import { gradients } from "../graph/gradient.js";
import { graph } from "../graph/graph.js";
import type { NdArray } from "../graph/op.js";
import { mul } from "../graph/ops/elementwise/arithmetic.js";
import { reduceSum } from "../graph/ops/reduction/reduction.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { fromTensorData } from "../graph/reference/nd-array.js";
import type { Tensor } from "../graph/tensor.js";
import type { BuildContext, LayerPart, LayerSpec } from "./layer.js";
import { layers } from "./layers/index.js";

interface StoredArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}
type StoredArrays = Readonly<Record<string, StoredArray>>;
interface Fixture {
  readonly spec: LayerSpec;
  readonly name: string;
  readonly input: StoredArray;
  readonly parameters: StoredArrays;
  readonly output: StoredArray;
  readonly cotangent: StoredArray;
  readonly inputGradient: StoredArray | null;
  readonly gradients: StoredArrays;
  readonly tolerance?: number;
}
const fixtures = ["layers", "layers-sequences", "layers-windows"].flatMap((name) => {
  const file = new URL(`../../tools/oracle/fixtures/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { fixtures: readonly Fixture[] }).fixtures;
});
const stored = ({ dtype, shape, data }: StoredArray): NdArray =>
  fromTensorData(tensorFrom(dtype, shape, data.map(Number)));

/** Builds a layer with float64 parameters, which networks do not support, named as in PyTorch's `state_dict`. */
function built(spec: LayerSpec, x: Tensor): { output: Tensor; parameters: ReadonlyMap<string, Tensor> } {
  const parameters = new Map<string, Tensor>();
  const build = (layer: LayerSpec, value: Tensor, prefix: string): Tensor => {
    const { definition, spec: complete } = readSpec("model", "layer", layers, layer);
    const context: BuildContext = {
      mode: "training",
      where: complete.kind,
      isFrozen: () => false,
      parameter(name, shape) {
        const known = parameters.get(prefix + name) ?? input(prefix + name, "float64", shape);
        parameters.set(prefix + name, known);
        return known;
      },
      buffer: (_name, shape, initial) => filled("float64", shape, initial),
      startRowAtZero: () => {},
      updateBuffer: () => {},
      tokens: () => {},
      randomKey: () => {
        throw new Error("no random numbers here");
      },
      child: ({ name }, child, inner) => build(child, inner, name === "" ? prefix : `${prefix}${name}.`),
    };
    return (definition as unknown as LayerPart<unknown>).build(complete, value, context);
  };
  return { output: build(spec, x, ""), parameters };
}

function expectClose(found: NdArray, expected: StoredArray, what: string, relative = 1e-10): void {
  expect(found.shape, what).toEqual(expected.shape);
  for (const [i, value] of expected.data.entries()) {
    const tolerance = relative * Math.max(1, Math.abs(Number(value)));
    expect(Math.abs(found.data[i] - Number(value)), `${what} ${i}`).toBeLessThan(tolerance);
  }
}

test.each(fixtures)(
  "$spec.kind, $name: output, names of parameters and gradients are PyTorch's",
  ({ spec, input: values, parameters, output, cotangent, inputGradient, gradients: expected, tolerance }) => {
    const x = input("x", values.dtype, values.shape);
    const layer = built(spec, x);
    const names = [...layer.parameters.keys()];
    const shapesOf = (all: Iterable<[string, { shape: readonly number[] }]>) =>
      Object.fromEntries([...all].map(([name, { shape }]) => [name, shape]));
    expect(shapesOf(layer.parameters)).toEqual(shapesOf(Object.entries(parameters)));
    const tensors = [...layer.parameters.values()];
    const ct = input("cotangent", "float64", cotangent.shape);
    const withRespectTo = [...(inputGradient === null ? [] : [x]), ...tensors];
    const slopes = gradients({ of: reduceSum(mul(layer.output, ct)), withRespectTo });
    const outputs = Object.fromEntries(slopes.map((slope, i) => [`slope${i}`, slope]));
    const [y, ...found] = evaluateGraph(graph([x, ct, ...tensors], { y: layer.output, ...outputs }), [
      stored(values),
      stored(cotangent),
      ...names.map((name) => stored(parameters[name])),
    ]);
    expectClose(y, output, "output", tolerance);
    if (inputGradient !== null) expectClose(found.shift()!, inputGradient, "input's gradient", tolerance);
    for (const [i, name] of names.entries()) expectClose(found[i], expected[name], `gradient of ${name}`);
  },
);

const corners = JSON.parse(
  readFileSync(new URL("../../tools/oracle/fixtures/corners.json", import.meta.url), "utf8"),
) as {
  readonly cases: readonly {
    readonly spec: LayerSpec;
    readonly places: readonly number[];
    readonly slopes: number[];
  }[];
};

test.each(corners.cases)("$spec.kind: the slopes at corners are PyTorch's", ({ spec, places, slopes }) => {
  const x = input("x", "float64", [places.length]);
  const [slope] = gradients({ of: reduceSum(built(spec, x).output), withRespectTo: [x] });
  const [found] = evaluateGraph(graph([x], { slope }), [
    stored({ dtype: "float64", shape: [places.length], data: places }),
  ]);
  // PyTorch keeps the constants of some functions in float32.
  for (const [i, place] of places.entries()) expect(found.data[i], `at ${place}`).toBeCloseTo(slopes[i], 6);
});
