// Data sets that are drawn instead of loaded: the shapes of deepreplay, targets of the dying ReLU, and sets for teaching.
import * as z from "zod";
import { define, readSpec } from "../core/definition.js";
import { sha256OfPieces } from "../core/formats/hash.js";
import type { Json } from "../core/formats/json.js";
import { specFromText } from "../core/formats/text-form.js";
import { findKind } from "../core/names.js";
import { type TensorData, tensorData } from "../core/numbers/tensor-data.js";
import { legacyPermutation, mt19937 } from "../core/random/mt19937.js";
import { type RandomStream, randomStream } from "../core/random/rng.js";
import type { Dataset } from "./dataset.js";
import { takeRows } from "./rows.js";
import { type DataSource, localData } from "./source.js";
import type { TargetKind } from "./user/targets.js";
import { type StoredExamples, userDataset } from "./user/user-dataset.js";

/** Inputs `float32 [rows, dimensions]`; targets `[rows, 1]`, `int32` for classes and `float64` for values. */
interface Drawn {
  readonly inputs: TensorData;
  readonly targets: TensorData;
}

interface DrawnSplits {
  readonly train: Drawn;
  readonly test?: Drawn;
}

const count = (preset: number) => z.int().min(1).max(10_000_000).default(preset);
const seed = z.int().min(0).default(0);
const deviation = (preset: number) => z.number().min(0).default(preset);
/** deepreplay shuffles with NumPy's generator and this seed. */
const shuffleSeed = z.int().min(0).max(4294967295).default(13);
const drawnOptions = { seed, testPoints: z.int().min(0).max(10_000_000).default(1000) };

/** A definition whose `draw` takes the options that its schema gives. */
function synthetic<const Kind extends string, Options extends z.ZodObject>(parts: {
  readonly kind: Kind;
  readonly about: string;
  readonly options: Options;
  readonly draw: (spec: z.output<Options>) => DrawnSplits;
}) {
  return define(parts);
}

/** A set of rows in an order of NumPy's making, as deepreplay has them. */
function legacyOrder({ inputs, targets }: Drawn, shuffle: number): Drawn {
  const rows = legacyPermutation(inputs.shape[0], mt19937(shuffle));
  return { inputs: takeRows(inputs, rows), targets: takeRows(targets, rows) };
}

function classified(points: readonly (readonly number[])[], labels: readonly number[]): Drawn {
  return {
    inputs: tensorData("float32", [points.length, points[0].length], Float32Array.from(points.flat())),
    targets: tensorData("int32", [points.length, 1], Int32Array.from(labels)),
  };
}

/**
 * Points uniform in a ball of radius `sqrt(dimensions)`, all divided by the standard deviation of all coordinates. Class
 * 1 where `|sum of coordinates|` exceeds half the new radius: about 61 % of the points for 10 dimensions. The form of
 * deepreplay (D. V. Godoy, 2018), which draws its points without a seed, so that only the law is the same.
 */
const ball = synthetic({
  kind: "ball",
  about: "points in a ball, two classes by the size of the sum of coordinates",
  options: z.object({ points: count(1000), dimensions: z.int().min(1).max(1000).default(10), seed, shuffleSeed }),
  draw: ({ points, dimensions, seed: drawSeed, shuffleSeed: shuffle }) => {
    const stream = randomStream(drawSeed, "ball");
    const depth = randomStream(drawSeed, "ball radius");
    const radius = Math.sqrt(dimensions);
    const all = Array.from({ length: points }, (_, row) => {
      const normals = Array.from({ length: dimensions }, (_, axis) => stream.normal(row * dimensions + axis));
      const length = Math.hypot(...normals);
      const factor = depth.uniform(row) ** (1 / dimensions);
      return normals.map((value) => (radius * factor * value) / length);
    });
    const flat = all.flat();
    const mean = flat.reduce((sum, value) => sum + value, 0) / flat.length;
    const scale = Math.sqrt(flat.reduce((sum, value) => sum + (value - mean) ** 2, 0) / flat.length);
    const scaled = all.map((point) => point.map((value) => value / scale));
    const labels = scaled.map((point) =>
      Math.abs(point.reduce((sum, value) => sum + value, 0)) > (0.5 * radius) / scale ? 1 : 0,
    );
    return { train: legacyOrder(classified(scaled, labels), shuffle) };
  },
});

/** `points` values of x1 evenly from -1 to 1; class 0 at `(x1, x1^2)`, class 1 at `(x1, x1^2 - 0.5)`. As deepreplay. */
const parabola = synthetic({
  kind: "parabola",
  about: "two parabolas, one half below the other, as two classes",
  options: z.object({ points: z.int().min(2).max(10_000_000).default(1000), shuffleSeed }),
  draw: ({ points, shuffleSeed: shuffle }) => {
    // Like numpy.linspace, which multiplies by the step and sets the last one.
    const step = 2 / (points - 1);
    const x = Array.from({ length: points }, (_, i) => (i === points - 1 ? 1 : i * step - 1));
    const rows = [...x.map((value) => [value, value ** 2]), ...x.map((value) => [value, value ** 2 - 0.5])];
    return {
      train: legacyOrder(
        classified(
          rows,
          rows.map((_, i) => (i < points ? 0 : 1)),
        ),
        shuffle,
      ),
    };
  },
});

/** All vertices of `{-1, 1}^dimensions`; class 1 where at least half of the coordinates are 1. As deepreplay. */
const hypercube = synthetic({
  kind: "hypercube",
  about: "the vertices of a cube, two classes by the majority of signs",
  options: z.object({ dimensions: z.int().min(1).max(20).default(10), shuffleSeed }),
  draw: ({ dimensions, shuffleSeed: shuffle }) => {
    const rows = Array.from({ length: 2 ** dimensions }, (_, number) =>
      Array.from({ length: dimensions }, (_, axis) => ((number >> (dimensions - 1 - axis)) & 1 ? 1 : -1)),
    );
    const labels = rows.map((row) => (row.filter((value) => value === 1).length >= dimensions / 2 ? 1 : 0));
    return { train: legacyOrder(classified(rows, labels), shuffle) };
  },
});

/** A function on `[-sqrt 7, sqrt 7]`, drawn uniformly: 3,000 points as in the paper on the dying ReLU. */
function functionSet<const Kind extends string>(
  kind: Kind,
  about: string,
  f: (x: number) => number,
  place: (x: number) => number = (x) => x,
) {
  return synthetic({
    kind,
    about,
    options: z.object({ points: count(3000), noise: deviation(0), ...drawnOptions }),
    draw: ({ points, testPoints, noise, seed: drawSeed }) =>
      drawSplits(points, testPoints, drawSeed, (rows, stream) => {
        const inputs = Float32Array.from({ length: rows }, (_, i) =>
          place((2 * stream("x").uniform(i) - 1) * Math.sqrt(7)),
        );
        const targets = Float64Array.from(
          inputs,
          (x, i) => f(x) + (noise === 0 ? 0 : noise * stream("noise").normal(i)),
        );
        return {
          inputs: tensorData("float32", [rows, 1], inputs),
          targets: tensorData("float64", [rows, 1], targets),
        };
      }),
  });
}

/** L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, "Dying ReLU and initialization", CiCP 28(5), 2020. */
const absoluteValue = functionSet("absolute-value", "|x| on [-sqrt 7, sqrt 7]", Math.abs);
const sineProduct = functionSet("x-sin-5x", "x sin 5x on [-sqrt 7, sqrt 7]", (x) => x * Math.sin(5 * x));
/** What remains of the former if every input is divided by its own length, as `normalize` over the feature axis does. */
const normalizedSineProduct = functionSet(
  "x-sin-5x-normalized",
  "x sin 5x at x = -1 and x = 1 only: inputs divided by their own length",
  (x) => x * Math.sin(5 * x),
  Math.sign,
);
const stepSine = functionSet(
  "step-sine",
  "1 where x > 0, plus 0.2 sin 5x, on [-sqrt 7, sqrt 7]",
  (x) => (x > 0 ? 1 : 0) + 0.2 * Math.sin(5 * x),
);

/** Two classes in the plane: class, a number in [0, 1) along the shape, to a place. */
function planeSet<const Kind extends string>(
  kind: Kind,
  about: string,
  presetNoise: number,
  place: (label: number, along: number, across: number) => readonly [number, number],
) {
  return synthetic({
    kind,
    about,
    options: z.object({ points: count(1000), noise: deviation(presetNoise), ...drawnOptions }),
    draw: ({ points, testPoints, noise, seed: drawSeed }) =>
      drawSplits(points, testPoints, drawSeed, (rows, stream) => {
        const labels = Array.from({ length: rows }, (_, i) => i % 2);
        const [along, shift] = [stream("along"), stream("noise")];
        const places = labels.map((label, i) => {
          const [x, y] = place(label, along.uniform(2 * i), along.uniform(2 * i + 1));
          return [x + noise * shift.normal(2 * i), y + noise * shift.normal(2 * i + 1)];
        });
        return classified(places, labels);
      }),
  });
}

const twoMoons = planeSet("two-moons", "two interleaved half circles", 0.1, (label, along) => {
  const angle = Math.PI * along;
  return label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
});
const spirals = planeSet("spirals", "two spirals of one and a half turns", 0.02, (label, along) => {
  const radius = 0.1 + 0.9 * along;
  const angle = 3 * Math.PI * along + Math.PI * label;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
});
const xor = planeSet("xor", "the square, opposite quadrants in one class", 0.05, (label, along, across) => {
  const x = 2 * along - 1;
  return [x, (label === 0 ? Math.sign(x) : -Math.sign(x)) * across];
});

/** Training and held-out points from streams of their own, so that more of one change nothing of the other. */
function drawSplits(
  points: number,
  testPoints: number,
  drawSeed: number,
  draw: (rows: number, stream: (name: string) => RandomStream) => Drawn,
): DrawnSplits {
  const of = (rows: number, number: number): Drawn => {
    const streams = new Map<string, RandomStream>();
    return draw(rows, (name) => {
      const known = streams.get(name) ?? randomStream(drawSeed, `synthetic ${name}`, number);
      streams.set(name, known);
      return known;
    });
  };
  return { train: of(points, 0), ...(testPoints === 0 ? {} : { test: of(testPoints, 1) }) };
}

/** Every synthetic data set by its name. */
export const syntheticTable = {
  ball,
  parabola,
  hypercube,
  "absolute-value": absoluteValue,
  "x-sin-5x": sineProduct,
  "x-sin-5x-normalized": normalizedSineProduct,
  "step-sine": stepSine,
  "two-moons": twoMoons,
  spirals,
  xor,
} as const;

/** Whether a text names a synthetic data set: `spirals`, `ball:points=500,seed=3`. */
export function isSyntheticName(text: string): boolean {
  return findKind(text.replace(/:.*$/s, ""), syntheticTable) !== undefined;
}

/**
 * Draws a data set from its name and options: `two-moons:points=200,noise=0.2`. Inputs are taken as they are.
 * @param targetKind what the loss wants: `class` for `int32 [rows]`, `value` for `float32 [rows, 1]`; by default what the
 * set has.
 * @throws UnknownNameError, InvalidInputError for names, options and values that are not there.
 */
export function syntheticDataset(text: string, targetKind?: TargetKind): Dataset {
  return drawnDataset(specFromText("--data", "data set", text, syntheticTable), targetKind);
}

/** The data set of a source: the same examples again, on any machine. */
export function syntheticFromSource({ name, options, targets }: SyntheticSource): Dataset {
  return drawnDataset({ kind: name, ...options }, targets);
}

type SyntheticSource = Extract<DataSource, { readonly kind: "synthetic" }>;

function drawnDataset(given: { readonly kind: string }, targetKind: TargetKind | undefined): Dataset {
  const { definition, spec } = readSpec("--data", "data set", syntheticTable, given);
  const draw = definition.draw as (options: unknown) => DrawnSplits;
  const { train, test } = draw(spec);
  const { kind, ...options } = spec as { kind: string } & Readonly<Record<string, Json>>;
  const presets = definition() as Readonly<Record<string, unknown>>;
  const named = Object.entries(options).filter(([key, value]) => value !== presets[key]);
  const id = named.length === 0 ? kind : `${kind}:${named.map(([key, value]) => `${key}=${value}`).join(",")}`;
  // The kind that the set has by itself is not written down: asked for or not, it is the same set.
  const ownKind: TargetKind = train.targets.dtype === "int32" ? "class" : "value";
  const targets = targetKind === undefined || targetKind === ownKind ? {} : { targets: targetKind };
  const examples = ({ inputs, targets }: Drawn): StoredExamples => ({
    where: id,
    inputs: new Map([["x", inputs]]),
    targets: { name: "y", values: targets },
  });
  const data = userDataset({
    identify: (fingerprint) => ({
      ...localData(id, fingerprint),
      source: { kind: "synthetic", name: kind, options, ...targets, fingerprint },
    }),
    train: examples(train),
    ...(test === undefined ? {} : { test: examples(test) }),
    ...(targetKind === undefined ? {} : { targetKind }),
    hash: sha256OfPieces,
  });
  return train.targets.dtype === "int32" && targetKind !== "value" ? { ...data, classes: ["0", "1"] } : data;
}
