// The effective receptive field: the influence of every input pixel on one unit of a feature map, measured by
// gradients.
//
//   subject, feature map --its unit, cotangents, absolute gradients--> Graph --OpenGraph, examples--> sums --> map, widths

import { InvalidInputError } from "../../core/errors.js";
import { isFloat } from "../../core/numbers/dtype.js";
import { type Shape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import { randomStream } from "../../core/random/rng.js";
import { input as graphInput } from "../../graph/build.js";
import { gradients } from "../../graph/gradient.js";
import { graph } from "../../graph/graph.js";
import { mul } from "../../graph/ops/elementwise/arithmetic.js";
import { abs } from "../../graph/ops/elementwise/unary.js";
import { slice } from "../../graph/ops/movement/slicing.js";
import { reduceSum } from "../../graph/ops/reduction/reduction.js";
import { nodesOf } from "../../graph/order.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import { isStandIn } from "../subject/accounting-forms.js";
import type { Subject, Value } from "../subject/subject.js";
import { isKnown } from "../subject/values.js";
import { rangeAt } from "./field-phases.js";
import { describeField, type FieldShape } from "./field-shape.js";
import type { OpenGraph } from "./graph-session.js";
import { type SpatialPath, spatialPaths } from "./receptive-field.js";

export interface EffectiveFieldOptions {
  /**
   * The feature map: the name of a step, or of a module, of which the last step with a receptive field counts. Default:
   * the last step whose elements do not see the whole input. Recurrent layers of files are accounted for but not
   * executed, so neither they nor the layers after them can be measured.
   */
  readonly layer?: string;
  /**
   * Index on every axis of the feature map; `null` selects all. Default: on spatial axes the unit whose field is
   * nearest to the center of the input, on other axes all. Required if a layer has reordered the positions.
   */
  readonly unit?: readonly (number | null)[];
  /** Number of inputs to average the gradients over, rounded up to whole batches. Default 16. */
  readonly examples?: number;
  /** Seed of weights, inputs and cotangents. Default 0. */
  readonly seed?: number;
  /** The averaged quantity: `absolute` values of gradients (default) or `square`s. */
  readonly average?: "absolute" | "square";
  /** Real data for a run: inputs by name, including the batch axis. Default: standard normal noise. */
  readonly feeds?: (run: number) => Readonly<Record<string, TensorData>>;
}

/** The measured field as plain data. */
export interface EffectiveField extends FieldShape {
  readonly model: string;
  /** Name of the step. */
  readonly layer: string;
  readonly unit: readonly (number | null)[];
  readonly examples: number;
  readonly seed: number;
  readonly average: "absolute" | "square";
}

/**
 * Measures the effective receptive field of Luo, Li, Urtasun and Zemel (NeurIPS 2016): the mean over inputs of `|d y /
 * d x|` (or its square), summed over the channels of the input, as a map that sums to 1. `y` is the center unit of the
 * feature map: the sum of its channels with random signs, which are new for every example so that channels cannot
 * cancel each other systematically (channels after a normalization sum to 0). Luo et al. use one channel; the maps
 * agree on average.
 *
 * Weights come from the file, or are drawn from the seed; the network is in inference form.
 * @param open runs the graph: `referenceSession`, or `runtimeSession` for networks of realistic size.
 * @throws InvalidInputError if the layer does not exist, has no receptive field or no gradient, or the gradient is 0
 * everywhere.
 */
export async function effectiveField(
  subject: Subject,
  options: EffectiveFieldOptions,
  open: OpenGraph,
): Promise<EffectiveField> {
  const { examples = 16, seed = 0, average = "absolute" } = options;
  const where = `effective receptive field of ${subject.model}`;
  if (!Number.isSafeInteger(examples) || examples < 1) {
    throw new InvalidInputError("examples must be a whole number from 1", { where, received: `${examples}` });
  }
  const target = targetOf(subject, options, where);
  const { program, cotangent } = gradientGraph(subject, target, average);
  const constants = storedValues(subject, program, { cotangent, seed, where });
  const runs = Math.ceil(examples / subject.batchSize);
  const sums = new Float64Array(sizeOf(target.extents));
  const session = await open(program, constants);
  try {
    for (let run = 0; run < runs; run++) {
      const feeds = { ...inputNoise(subject, seed, run), ...options.feeds?.(run) };
      const { map } = await session.run({ ...feeds, [cotangentName]: randomSigns(cotangent, seed, run) });
      for (let i = 0; i < sums.length; i++) sums[i] += map.data[i];
    }
  } finally {
    await session.dispose();
  }
  return {
    ...{ model: subject.model, layer: target.layer, unit: target.unit },
    ...{ examples: runs * subject.batchSize, seed, average },
    ...describeField(sums, target, where),
  };
}

const cotangentName = "cotangent of the unit";

/** The measured unit and its theoretical field. */
export interface FieldTarget {
  readonly layer: string;
  readonly tensor: Tensor;
  readonly unit: readonly (number | null)[];
  /** The input, and its spatial axes with their sizes. */
  readonly input: Tensor;
  readonly axes: readonly number[];
  readonly extents: Shape;
  /**
   * First and last position of the theoretical field on every axis, possibly beyond the input; `null` if it is the
   * whole axis.
   */
  readonly theory: readonly (readonly [number, number] | null)[];
}

function targetOf(subject: Subject, { layer, unit }: EffectiveFieldOptions, where: string): FieldTarget {
  const fields = spatialPaths(subject);
  const { name, tensor, paths } = stepOf(subject, fields, layer, where);
  const first = paths[0].input;
  const spatial = paths.filter(({ input }) => input === first);
  const { tensor: input, name: inputName } = subject.inputs[first];
  if (!isFloat(input.dtype)) {
    throw new InvalidInputError("integers have no gradient", {
      where: `${where}, input ${inputName}`,
      expected: "a floating-point input",
      received: input.dtype,
    });
  }
  const chosen = unit === undefined ? centerUnit(tensor, spatial, `${where}, layer ${name}`) : [...unit];
  const carriers = new Set(spatial.flatMap((path) => path.carriers));
  checkUnit(chosen, tensor, carriers, `${where}, layer ${name}`);
  return {
    ...{ layer: name, tensor, input, unit: chosen },
    axes: spatial.map(({ axis }) => axis),
    extents: spatial.map(({ extent }) => extent),
    theory: spatial.map((path) => theoryOf(path, chosen)),
  };
}

/** The step of that name, or the last step of that module that has a receptive field. */
function stepOf(
  subject: Subject,
  fields: ReadonlyMap<Tensor, readonly SpatialPath[]>,
  wanted: string | undefined,
  where: string,
) {
  const inexact = behindStandIns(subject);
  const isMeasurable = (output: Value): boolean =>
    isKnown(output) && isFloat(output.dtype) && fields.has(output) && !inexact.has(output);
  const steps = subject.steps.flatMap(({ name, module, outputs }) => {
    const tensor = outputs.find(isMeasurable);
    return tensor === undefined || !isKnown(tensor) ? [] : [{ name, module, tensor, paths: fields.get(tensor)! }];
  });
  const isWithin = (module: string): boolean => module === wanted || module.startsWith(`${wanted}.`);
  const found =
    wanted === undefined
      ? steps.findLast(({ paths }) => paths.every(({ places }) => places === "grid"))
      : (steps.find(({ name }) => name === wanted) ?? steps.findLast(({ module }) => isWithin(module)));
  if (found !== undefined) return found;
  const names = steps.map(({ name }) => name);
  const unmeasured = subject.steps.find(
    ({ name, module }) => wanted !== undefined && (name === wanted || isWithin(module)),
  );
  if (unmeasured?.outputs.some((output) => isKnown(output) && inexact.has(output))) {
    throw new InvalidInputError("recurrent layers of files are accounted for, but not executed", {
      where: `${where}, layer ${unmeasured.name}`,
      expected: "a layer that does not depend on a recurrent one",
      received: unmeasured.operator,
      ...(names.length === 0 ? {} : { remedy: `The last such layer is ${names.at(-1)}` }),
    });
  }
  throw new InvalidInputError(wanted === undefined ? "no layer has a receptive field" : "no such layer, or no field", {
    where,
    expected: names.length === 0 ? "windows that slide over an input" : "the name of a layer or module with a field",
    ...(wanted === undefined ? {} : { received: JSON.stringify(wanted) }),
    ...(names.length === 0
      ? {}
      : { remedy: `For instance ${names.filter((_, i) => i % Math.ceil(names.length / 5) === 0).join(", ")}` }),
  });
}

/** Tensors that depend on a stand-in for an operator. */
function behindStandIns({ steps }: Subject): ReadonlySet<Tensor> {
  const found = new Set<Tensor>();
  for (const { operator, nodes } of steps) {
    for (const { inputs, outputs } of nodes) {
      if (!isStandIn(operator) && !inputs.some((tensor) => tensor !== null && found.has(tensor))) continue;
      for (const output of outputs) found.add(output);
    }
  }
  return found;
}

/** The unit nearest to the center on spatial axes, all units on other axes. */
function centerUnit({ shape }: Tensor, paths: readonly SpatialPath[], where: string): (number | null)[] {
  const unit: (number | null)[] = shape.map(() => null);
  for (const { carriers, places, extent, offset, stride } of paths) {
    if (places === "moved") {
      throw new InvalidInputError("the positions of this layer are in another order than those of the input", {
        where,
        expected: "the unit to measure",
        received: "none",
        remedy: "Choose a layer before the reordering",
      });
    }
    if (places === "none") continue;
    const [axis] = carriers;
    const nearest = Math.round(((extent - 1) / 2 - offset) / stride);
    unit[axis] = Math.min(shape[axis] - 1, Math.max(0, nearest));
  }
  return unit;
}

/**
 * @param carriers axes of positions; the first axis is one of them if steps come before examples, as in recurrent
 * networks.
 */
function checkUnit(
  unit: readonly (number | null)[],
  { shape }: Tensor,
  carriers: ReadonlySet<number>,
  where: string,
): void {
  const fits = (at: number | null, axis: number): boolean =>
    at === null || ((axis > 0 || carriers.has(0)) && Number.isInteger(at) && at >= 0 && at < shape[axis]);
  if (unit.length === shape.length && unit.every(fits)) return;
  throw new InvalidInputError("the unit does not fit", {
    where,
    expected: `an index or null for each axis of ${shapeText(shape)}, null for the examples`,
    received: `[${unit.map(String).join(", ")}]`,
  });
}

function theoryOf({ carriers, places, phases }: SpatialPath, unit: FieldTarget["unit"]) {
  const at = places === "grid" ? unit[carriers[0]] : null;
  return at === null ? null : rangeAt(phases, at);
}

/** The output `map`: absolute or squared gradients, summed over examples and input channels. */
function gradientGraph(subject: Subject, target: FieldTarget, average: "absolute" | "square") {
  const chosen = target.unit.flatMap((at, axis) => (at === null ? [] : [{ at, axis }]));
  const unit =
    chosen.length === 0
      ? target.tensor
      : slice(target.tensor, {
          starts: chosen.map(({ at }) => at),
          ends: chosen.map(({ at }) => at + 1),
          axes: chosen.map(({ axis }) => axis),
        });
  const cotangent = graphInput(cotangentName, unit.dtype, unit.shape);
  const [gradient] = gradients({ of: unit, withRespectTo: [target.input], cotangent });
  const others = target.input.shape.flatMap((_, axis) => (target.axes.includes(axis) ? [] : [axis]));
  const map = reduceSum(average === "square" ? mul(gradient, gradient) : abs(gradient), others);
  const program = graph([cotangent], { map });
  const free = new Set<Tensor>(subject.inputs.map(({ tensor }) => tensor));
  for (const { inputs } of nodesOf(program)) {
    for (const tensor of inputs)
      if (tensor !== null && tensor.node === undefined && tensor !== cotangent) free.add(tensor);
  }
  return { program: { ...program, inputs: [...free, cotangent] }, cotangent };
}

interface StoredValueOptions {
  readonly cotangent: Tensor;
  readonly seed: number;
  readonly where: string;
}

function storedValues(subject: Subject, { inputs }: Graph, { cotangent, seed, where }: StoredValueOptions) {
  const values = new Map<Tensor, TensorData>();
  for (const tensor of inputs) {
    if (tensor === cotangent || subject.inputs.some((one) => one.tensor === tensor)) continue;
    const value = subject.storedValue?.(tensor, seed);
    if (value === undefined) throw new InvalidInputError(`"${tensor.name}" has no value`, { where });
    values.set(tensor, value);
  }
  return values;
}

/** Standard normal noise; zeros for integer inputs. */
function inputNoise({ inputs }: Subject, seed: number, run: number): Record<string, TensorData> {
  return Object.fromEntries(
    inputs.map(({ name, tensor: { dtype, shape } }) => {
      const stream = randomStream(seed, `effective receptive field, input ${name}`, run);
      const value = isFloat(dtype) ? (_: unknown, i: number) => stream.normal(i) : () => 0;
      return [name, tensorFrom(dtype, shape, Array.from({ length: sizeOf(shape) }, value))];
    }),
  );
}

function randomSigns({ dtype, shape }: Tensor, seed: number, run: number): TensorData {
  const stream = randomStream(seed, "effective receptive field, signs", run);
  const signs = Array.from({ length: sizeOf(shape) }, (_, i) => (stream.uniform(i) < 0.5 ? -1 : 1));
  return tensorFrom(dtype, shape, signs);
}
