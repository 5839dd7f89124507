// Random permutations in WebAssembly. Shuffling for thousands of networks takes millions of draws, and JavaScript has
// no 64-bit product of 32-bit numbers, of which Philox needs twenty for four words. Four blocks (16 words) are computed
// at a time, one per vector lane.
//
// The module is assembled below, instruction by instruction. `permutation` in rng.ts is the same algorithm in
// JavaScript, and tests compare the two.

// Locals; parameters come first.
const [count, number, stream, key0, key1, i, draw, word, j, bound, k0, k1, round, c0, c1, c2, c3, p, q] = Array.from(
  { length: 19 },
  (_, index) => index,
);
const i32 = 0x7f;
const v128 = 0x7b;

type Code = readonly number[];

/** Signed LEB128: groups of seven bits, lowest first. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const byte = rest & 0x7f;
    const isLast = (rest >> 7 === 0 && (byte & 0x40) === 0) || (rest >> 7 === -1 && (byte & 0x40) !== 0);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

/** Unsigned LEB128. */
function unsignedLeb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsignedLeb(value >>> 7)];
}

const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [...value, 0x21, local];
const int = (value: number): Code => [0x41, ...leb(value | 0)];
const operator =
  (code: number) =>
  (a: Code, b: Code): Code => [...a, ...b, code];
const add = operator(0x6a);
const subtract = operator(0x6b);
const remainder = operator(0x70);
const and = operator(0x71);
const or = operator(0x72);
const shiftLeft = operator(0x74);
const shiftRight = operator(0x76);
const isLess = operator(0x48);
const isMore = operator(0x4b);
const load = (address: Code, offset: number): Code => [...address, 0x28, 2, offset];
const store = (address: Code, offset: number, value: Code): Code => [...address, ...value, 0x36, 2, offset];
const simd = (code: number): Code => [0xfd, ...unsignedLeb(code)];
const splat = (value: Code): Code => [...value, ...simd(0x11)];
const vectorXor = (a: Code, b: Code): Code => [...a, ...b, ...simd(0x51)];
/** Selects 32-bit lanes of two vectors, numbered 0 to 7. */
const shuffle = (a: Code, b: Code, parts: readonly number[]): Code => [
  ...[...a, ...b, ...simd(0x0d)],
  ...parts.flatMap((part) => [4 * part, 4 * part + 1, 4 * part + 2, 4 * part + 3]),
];
/** The full unsigned product `factor * x`: lower words into `x`, upper words into `upper`. */
const product = (factor: number, x: number, upper: number): Code => [
  // Multiplies the last two lanes and the first two lanes, then sorts the words.
  ...set(upper, [...get(x), ...splat(int(factor)), ...simd(0xdf)]),
  ...set(x, [...get(x), ...splat(int(factor)), ...simd(0xde)]),
  ...shuffle(get(x), get(upper), [0, 2, 4, 6]),
  ...set(upper, shuffle(get(x), get(upper), [1, 3, 5, 7])),
  ...[0x21, x],
];
const emptyType = 0x40;
/** Repeats the body while the condition holds; the condition is checked after the body. */
const loopWhile = (body: Code, condition: Code): Code => [0x03, emptyType, ...body, ...condition, 0x0d, 0, 0x0b];
const when = (condition: Code, body: Code): Code => [...condition, 0x04, emptyType, ...body, 0x0b];

// The 16 words of four blocks are at address 0, the first words of all blocks first; the permutation follows them.
const orderAt = 64;
const place = (index: number): Code => shiftLeft(get(index), int(2));
const wordPlace: Code = or(shiftLeft(and(get(draw), int(3)), int(4)), and(get(draw), int(12)));
const blockNumbers: Code = [0, 1, 2, 3].flatMap((block) => [block, 0, 0, 0]);

/** Ten rounds of Philox4x32: see `philox4x32`. */
const philox: Code = [
  ...set(c0, [...splat(shiftRight(get(draw), int(2))), ...simd(0x0c), ...blockNumbers, ...simd(0xae)]),
  ...set(c1, splat(int(0))),
  ...set(c2, splat(get(number))),
  ...set(c3, splat(get(stream))),
  ...set(k0, get(key0)),
  ...set(k1, get(key1)),
  ...set(round, int(10)),
  ...loopWhile(
    [
      ...product(0xd2511f53, c0, p),
      ...product(0xcd9e8d57, c2, q),
      ...vectorXor(vectorXor(get(q), get(c1)), splat(get(k0))),
      ...set(c1, get(c2)),
      ...set(c2, vectorXor(vectorXor(get(p), get(c3)), splat(get(k1)))),
      ...set(c3, get(c0)),
      ...[0x21, c0],
      ...set(k0, add(get(k0), int(0x9e3779b9))),
      ...set(k1, add(get(k1), int(0xbb67ae85))),
      ...set(round, subtract(get(round), int(1))),
    ],
    get(round),
  ),
  ...[c0, c1, c2, c3].flatMap((c, k) => [...int(0), ...get(c), ...simd(0x0b), 4, 16 * k]),
];

const drawing: Code = [
  ...when([...and(get(draw), int(15)), 0x45], philox),
  ...set(word, load(wordPlace, 0)),
  ...set(draw, add(get(draw), int(1))),
  ...set(j, remainder(get(word), get(bound))),
];

/** Fisher-Yates from the end, see `permutation`. `word` is reused for the element that moves. */
const body: Code = [
  ...loopWhile([...store(place(i), orderAt, get(i)), ...set(i, add(get(i), int(1)))], isLess(get(i), get(count))),
  ...set(i, subtract(get(count), int(1))),
  ...when(
    isMore(get(count), int(1)),
    loopWhile(
      [
        ...set(bound, add(get(i), int(1))),
        // Draws again if the word is in the incomplete run of `bound` numbers below 2^32.
        ...loopWhile(drawing, isMore(subtract(get(word), get(j)), subtract(int(0), get(bound)))),
        ...set(word, load(place(i), orderAt)),
        ...store(place(i), orderAt, load(place(j), orderAt)),
        ...store(place(j), orderAt, get(word)),
        ...set(i, subtract(get(i), int(1))),
      ],
      get(i),
    ),
  ),
];

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code): Code => [id, ...unsignedLeb(content.length), ...content];
  const name = (text: string): Code => [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];
  const locals: Code = [2, round - key1, i32, q - round, v128];
  const code: Code = [...locals, ...body, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, i32, i32, i32, i32, i32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name("permute"), 0, 0, ...name("memory"), 2, 0]),
    ...section(10, [1, ...unsignedLeb(code.length), ...code]),
  ]);
}

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  permute(count: number, number: number, stream: number, key0: number, key1: number): void;
}

const pageBytes = 65_536;
// The kernel's memory never shrinks; at most 16 MiB.
const largest = 4_194_000;
let kernel: Kernel | null | undefined;

/** `null` if WebAssembly may not be compiled, as under some content security policies. */
function loaded(): Kernel | null {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports as unknown as Kernel;
  } catch {
    return null;
  }
}

/**
 * The permutation of 0 .. count-1 that a stream's words determine, or `undefined` if WebAssembly is unavailable or
 * `count` is too large.
 * @param counter the two upper words of the stream's counters; @param key its key.
 * @returns a view of the kernel's memory, which the next call overwrites.
 */
export function permutationByKernel(
  size: number,
  counter: readonly [number, number],
  key: readonly [number, number],
): Int32Array | undefined {
  if (kernel === undefined) kernel = loaded();
  if (kernel === null || size > largest) return undefined;
  const { memory, permute } = kernel;
  const missing = Math.ceil((orderAt + 4 * size - memory.buffer.byteLength) / pageBytes);
  if (missing > 0) memory.grow(missing);
  permute(size, ...counter, ...key);
  return new Int32Array(memory.buffer, orderAt, size);
}
