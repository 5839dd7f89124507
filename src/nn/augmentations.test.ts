// Augmentations: the graph against slow loops over pixels, the distribution of the draws, and errors.
import { describe, expect, it, test } from "vitest";
import { TrainscopeError } from "../core/errors.js";
import type { DType } from "../core/numbers/dtype.js";
import { sizeOf } from "../core/numbers/shape.js";
import { randomStream } from "../core/random/rng.js";
import { input } from "../graph/build.js";
import { graph } from "../graph/graph.js";
import type { NdArray } from "../graph/op.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { ndFill } from "../graph/reference/nd-array.js";
import { augmentations, augmented, readAugmentation } from "./augmentations.js";
import { recomputedWords } from "./random/random-words.js";

const { randomShift, randomHorizontalFlip } = augmentations;

type Images = { readonly shape: readonly [number, number, number, number]; readonly data: ArrayLike<number> };
type Key = readonly [number, number];

const keys: readonly Key[] = [
  [0x12345678, 0x9abcdef0],
  [7, 0xffffffff],
];

/** The images as the graph changes them. */
function run(images: Images, specs: readonly object[], first = 0, dtype: DType = "uint8"): NdArray {
  const x = input("x", dtype, images.shape);
  const words = specs.map((_, i) => [0, 1, 2].map((part) => input(`k${i}.${part}`, "uint32", [])));
  const y = augmented(
    x,
    specs,
    words.map(([a, b, c]) => [a, b, c]),
  );
  const values = specs.flatMap((_, i) => [...keys[i], first].map((word) => ndFill("uint32", [], () => word)));
  const given = ndFill(dtype, images.shape, (i) => images.data[i]);
  return evaluateGraph(graph([x, ...words.flat()], { y }), [given, ...values])[0];
}

/** The slow twin, which looks up every pixel separately. */
function lookedUp(
  { shape: [batch, channels, height, width], data }: Images,
  source: (n: number, i: number, j: number) => readonly [number, number] | undefined,
): number[] {
  const result: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) {
          const from = source(n, i, j);
          result.push(from === undefined ? 0 : data[((n * channels + c) * height + from[0]) * width + from[1]]);
        }
  return result;
}

const fills = {
  zero: (at: number, extent: number) => (at < 0 || at >= extent ? undefined : at),
  edge: (at: number, extent: number) => Math.max(0, Math.min(extent - 1, at)),
  reflect: (at: number, extent: number) => (at < 0 ? -at : at >= extent ? 2 * (extent - 1) - at : at),
};

/** Shift of every example in both directions, recomputed: numbers from `-pixels` to `pixels`. */
function shifts(batch: number, pixels: number, key: Key, first = 0): [number, number][] {
  const words = recomputedWords(batch, 2, key, first);
  const shift = (word: number): number => pixels - Math.floor(((word >>> 8) * (2 * pixels + 1)) / 2 ** 24);
  return Array.from({ length: batch }, (_, n) => [shift(words[2 * n]), shift(words[2 * n + 1])]);
}

function images(shape: Images["shape"]): Images {
  const stream = randomStream(3, "images");
  return { shape, data: Uint8Array.from({ length: sizeOf(shape) }, (_, i) => stream.word(i) & 255) };
}

describe.each([[[5, 1, 6, 4]], [[4, 3, 5, 7]]] as const)("on images of shape %j", (shape) => {
  const given = images(shape);
  const [batch, , height, width] = shape;

  test.each(["zero", "edge", "reflect"] as const)("a shift filled by %s equals the loop over pixels", (fill) => {
    const moved = shifts(batch, 3, keys[0]);
    const expected = lookedUp(given, (n, i, j) => {
      const [from, to] = [fills[fill](i - moved[n][0], height), fills[fill](j - moved[n][1], width)];
      return from === undefined || to === undefined ? undefined : [from, to];
    });
    const result = run(given, [randomShift({ pixels: 3, fill })]);
    expect([...result.data]).toEqual(expected);
    expect([result.dtype, result.shape]).toEqual(["uint8", [...shape]]);
    expect(new Set(moved.map(String)).size).toBeGreaterThan(1);
  });

  test("a flip equals the loop over pixels; probability 0 mirrors no image and 1 mirrors all", () => {
    const words = recomputedWords(batch, 1, keys[0]);
    const mirrored = (isMirrored: (n: number) => boolean) =>
      lookedUp(given, (n, i, j) => [i, isMirrored(n) ? width - 1 - j : j]);
    expect([...run(given, [randomHorizontalFlip()]).data]).toEqual(mirrored((n) => words[n] < 2 ** 31));
    expect([...run(given, [randomHorizontalFlip({ probability: 0 })]).data]).toEqual([...Array.from(given.data)]);
    expect([...run(given, [randomHorizontalFlip({ probability: 1 })]).data]).toEqual(mirrored(() => true));
  });

  test("several augmentations apply in order, each with its own key, and float32 images stay float32", () => {
    const moved = shifts(batch, 2, keys[0]);
    const words = recomputedWords(batch, 1, keys[1]);
    const expected = lookedUp(given, (n, i, j) => {
      const column = words[n] < 2 ** 31 ? width - 1 - j : j;
      return [fills.edge(i - moved[n][0], height), fills.edge(column - moved[n][1], width)];
    });
    const result = run(given, [randomShift({ pixels: 2, fill: "edge" }), randomHorizontalFlip()], 0, "float32");
    expect([...result.data]).toEqual(expected);
    expect(result.dtype).toBe("float32");
  });

  test("a part of a batch changes as in the whole batch", () => {
    const specs = [randomShift({ pixels: 2 }), randomHorizontalFlip()];
    const size = sizeOf(shape.slice(1));
    const part = {
      shape: [batch - 2, ...shape.slice(1)] as unknown as Images["shape"],
      data: Array.from(given.data).slice(2 * size),
    };
    expect([...run(part, specs, 2).data]).toEqual([...run(given, specs).data].slice(2 * size));
  });
});

test("shifts are uniform in both directions and uncorrelated with one another and with the next step", () => {
  const counts = new Map<string, number>();
  const [pixels, steps, batch] = [1, 200, 90];
  let [both, next, before] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const stream = randomStream(5, "augment 0", step);
    const drawn = shifts(batch, pixels, [stream.word(0), stream.word(1)]);
    for (const [down, right] of drawn) {
      counts.set(`${down} ${right}`, (counts.get(`${down} ${right}`) ?? 0) + 1);
      both += down * right;
    }
    next += drawn[0][0] * before;
    before = drawn[0][0];
  }
  const expected = (steps * batch) / 9;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts.size).toBe(9);
  // 8 degrees of freedom: 26.1 is exceeded with probability 0.001.
  expect(chiSquare).toBeLessThan(26.1);
  // Products of two such shifts have variance 4/9: four standard errors.
  expect(Math.abs(both)).toBeLessThan(4 * Math.sqrt((4 / 9) * steps * batch));
  expect(Math.abs(next)).toBeLessThan(4 * Math.sqrt((4 / 9) * steps));
});

test("images are mirrored with the requested probability", () => {
  const draws = 20_000;
  for (const probability of [0.1, 0.5]) {
    let mirrored = 0;
    for (let step = 0; step < draws / 50; step++) {
      const stream = randomStream(9, "augment 1", step);
      for (const word of recomputedWords(50, 1, [stream.word(0), stream.word(1)]))
        if (word >>> 8 < probability * 2 ** 24) mirrored++;
    }
    const deviation = Math.sqrt(draws * probability * (1 - probability));
    expect(Math.abs(mirrored - draws * probability)).toBeLessThan(4 * deviation);
  }
});

describe("specs of augmentations", () => {
  it("are read from texts and from objects, with every option written out", () => {
    const wanted = { kind: "randomShift", pixels: 2, fill: "reflect" };
    expect(readAugmentation("--augment", "random-shift:pixels=2,fill=reflect").spec).toEqual(wanted);
    expect(readAugmentation("--augment", "random-shift").spec).toEqual(randomShift());
    expect(readAugmentation("data.augment[0]", randomShift({ pixels: 2, fill: "reflect" })).spec).toEqual(wanted);
  });

  it("are refused with one sentence if they do not fit", () => {
    const messageOf = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        if (error instanceof TrainscopeError) return error.message;
        throw error;
      }
      return "no error";
    };
    const vectors = { shape: [2, 3] as unknown as Images["shape"], data: new Uint8Array(6) };
    expect([
      messageOf(() => readAugmentation("--augment", "random-shfit")),
      messageOf(() => readAugmentation("--augment", "random-shift:pixels=0")),
      messageOf(() => readAugmentation("--augment", "random-shift:fill=mirror")),
      messageOf(() => run(vectors, [randomHorizontalFlip()])),
      messageOf(() => run(images([1, 1, 4, 9]), [randomHorizontalFlip(), randomShift({ fill: "reflect" })])),
    ]).toMatchInlineSnapshot(`
      [
        "--augment: unknown augmentation "random-shfit". Did you mean "randomShift"? Valid: randomShift, randomHorizontalFlip",
        "--augment (randomShift).pixels: expected a number at least 1, received 0",
        "--augment (randomShift).fill: expected one of "zero", "edge", "reflect", received "mirror"",
        "data.augment[0] (randomHorizontalFlip): augmentations change images: expected examples of shape [channels, height, width], received [3]. Leave it out, or train on images",
        "data.augment[1] (randomShift).pixels: an image is too small to be reflected so far: expected less than 4, its height and width, received 4",
      ]
    `);
  });
});
