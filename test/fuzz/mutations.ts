// Ways to damage a file: random bytes, enlarged numbers, and trees (JSON, protobuf) with hostile leaves.
import fc from "fast-check";

/** One damage. Numbers choose position and value, independent of the file, so that fast-check can shrink the list. */
export interface Damage {
  readonly kind: number;
  readonly at: number;
  readonly value: number;
}

const number32 = fc.nat({ max: 0xffffffff });
export const damages = fc.array(fc.record({ kind: fc.nat({ max: 1000 }), at: number32, value: number32 }), {
  minLength: 1,
  maxLength: 6,
});

const big = [0n, 1n, -1n, 127n, 128n, 255n, 65_535n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n];
const hostileIntegers = [...big, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 31n), -2n, 3n, 1000n];
const hostileNumbers = [
  ...[0, -0, 1, -1, 0.5, 1e-45, 5e-324, 1e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e15, 1e21, -(2 ** 31), 1000, 64],
];
const hostileTexts = [
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "",
    " ",
    "\0",
    "\u001b[2J\n",
    "../../x",
    "a".repeat(5000),
  ],
  ...["\ud800", "\ufeff", "\u202e", "-1", "1e999", "NaN", "0x10", "9".repeat(400), "(((((", "%s"],
];
const hostileBytes = [
  ...[[0xff], [0], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0xc3, 0x28], [0xed, 0xa0, 0x80]],
  ...[
    [0x7f, 0xc0, 0, 0],
    [0, 0, 0xc0, 0x7f],
    [0, 0, 0x80, 0x7f],
    [1, 0, 0, 0],
    [0x50, 0x4b, 5, 6],
    [0x93, 0x4e],
  ],
];

const pick = <T>(list: readonly T[], value: number): T => list[value % list.length];

type ByteDamage = (bytes: Uint8Array, at: number, value: number, other: Uint8Array) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

function overwritten(bytes: Uint8Array, at: number, patch: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(patch.subarray(0, Math.max(0, copy.length - at)), at);
  return copy;
}

function integerBytes(value: number, width: 2 | 4 | 8, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, pick(hostileIntegers, value), littleEndian);
  return new Uint8Array(view.buffer, littleEndian ? 0 : 8 - width, width);
}

const byteDamages: readonly ByteDamage[] = [
  (bytes, at, value) => overwritten(bytes, at, Uint8Array.of(bytes[at] ^ (1 << (value % 8)))),
  (bytes, at, value) => overwritten(bytes, at, Uint8Array.of(value)),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at) => bytes.slice(at),
  (bytes, at, value) => joined(bytes.slice(0, at), bytes.slice(at + (value % 64))),
  (bytes, at, value) => joined(bytes.slice(0, at + (value % 256)), bytes.slice(at)),
  (bytes, at, value, other) => joined(bytes.slice(0, at), other.slice(value % (other.length + 1))),
  (bytes, at, value) => overwritten(bytes, at, integerBytes(value, 4, value % 2 === 0)),
  (bytes, at, value) => overwritten(bytes, at, integerBytes(value, 8, value % 2 === 0)),
  (bytes, at, value) => overwritten(bytes, at, integerBytes(value, 2, value % 2 === 0)),
  (bytes, at, value) => overwritten(bytes, at, Uint8Array.from(pick(hostileBytes, value))),
  (bytes, at, value) => joined(bytes.slice(0, at), Buffer.from(pick(hostileTexts, value)), bytes.slice(at)),
  (bytes, at, value) => joined(bytes.slice(0, at), bytes.slice(at, at + 16), bytes.slice(at - (value % 16))),
  (bytes, at) => withNumberReplaced(bytes, at),
];

/** Makes the next number in decimal digits large: shapes in headers, offsets in JSON. */
function withNumberReplaced(bytes: Uint8Array, at: number): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const match = /\d+/.exec(text.slice(at));
  if (match === null) return bytes;
  const start = at + match.index;
  const grown = pick(["99999999999", "4294967296", "9007199254740993", "-1", "1e9", "00"], at);
  return joined(bytes.slice(0, start), Buffer.from(grown), bytes.slice(start + match[0].length));
}

/** Damages bytes, mostly near the start, where headers are. */
export function damagedBytes(bytes: Uint8Array, list: readonly Damage[], other: Uint8Array): Uint8Array {
  return list.reduce((current, { kind, at, value }) => {
    const reach = kind % 3 === 0 ? current.length : Math.min(current.length, 256);
    return pick(byteDamages, kind)(current, reach === 0 ? 0 : at % reach, value, other);
  }, bytes);
}

interface Slot {
  readonly holder: Record<PropertyKey, unknown>;
  readonly key: PropertyKey;
}

/** All replaceable parts of a tree. */
function slotsOf(root: object): Slot[] {
  const slots: Slot[] = [];
  const pending: object[] = [root];
  for (let holder = pending.pop(); holder !== undefined; holder = pending.pop()) {
    if (slots.length > 20_000) break;
    const keys = holder instanceof Uint8Array ? [] : Object.keys(holder).filter((key) => key !== "$typeName");
    for (const key of keys) {
      const value = (holder as Record<string, unknown>)[key];
      slots.push({ holder: holder as Record<PropertyKey, unknown>, key });
      if (typeof value === "object" && value !== null) pending.push(value);
    }
  }
  return slots;
}

/** A hostile value of the same type, so that most damaged trees can still be written. */
function hostile(current: unknown, value: number, slots: readonly Slot[]): unknown {
  if (typeof current === "bigint") return pick(hostileIntegers, value);
  if (typeof current === "number")
    return value % 3 === 0 ? pick(hostileNumbers, value >>> 2) : Number(pick(hostileIntegers, value >>> 2));
  if (typeof current === "boolean") return !current;
  if (typeof current === "string") {
    // Names from other parts of the tree create cycles and duplicates.
    const { holder, key } = pick(slots, value >>> 1);
    return value % 2 === 0 && typeof holder[key] === "string" ? holder[key] : pick(hostileTexts, value >>> 1);
  }
  if (current instanceof Uint8Array) return damagedBytes(current, [{ kind: value, at: value >>> 3, value }], current);
  if (Array.isArray(current)) return hostileList(current, value);
  return current;
}

function hostileList(list: readonly unknown[], value: number): unknown[] {
  const at = list.length === 0 ? 0 : (value >>> 4) % list.length;
  const element = list[at];
  const forms: (() => unknown[])[] = [
    () => [],
    () => [...list, ...list],
    () => [...list.slice(0, at), ...list.slice(at + 1)],
    () => [...list].reverse(),
    () => [...list, element],
    () => new Array(300).fill(element),
    () => list.map((item) => (typeof item === "bigint" ? pick(hostileIntegers, value >>> 8) : item)),
  ];
  const made = pick(forms, value)();
  return made.length > 5000 ? made.slice(0, 5000) : made;
}

/** Damages a tree of plain objects, lists and leaves in place. */
export function damageTree(root: object, list: readonly Damage[]): void {
  for (const { kind, at, value } of list) {
    const slots = slotsOf(root);
    if (slots.length === 0) return;
    const { holder, key } = pick(slots, at);
    const other = pick(slots, value);
    if (kind % 12 === 0) delete holder[key];
    else if (kind % 12 === 1 && typeof holder[key] === typeof other.holder[other.key] && !contains(other, holder))
      holder[key] = structuredClone(other.holder[other.key]);
    else holder[key] = hostile(holder[key], value, slots);
  }
}

/** Whether a subtree contains the object, so that inserting it there would create a cycle. */
function contains({ holder, key }: Slot, object: object): boolean {
  const value = holder[key];
  if (typeof value !== "object" || value === null) return false;
  return value === object || slotsOf(value).some((slot) => slot.holder === object || slot.holder[slot.key] === object);
}

/** In JSON, a leaf may have any type: sometimes it becomes another type, or a deeply nested value. */
export function damagedJson(root: unknown, list: readonly Damage[]): string {
  const tree = { root: structuredClone(root) };
  damageTree(tree, list);
  const [{ at, value }] = list;
  const slots = slotsOf(tree);
  if (value % 4 === 0 && slots.length > 0) {
    const { holder, key } = pick(slots, at);
    holder[key] = pick(
      [null, true, -1, 1e300, "x", [], {}, [[[]]], { kind: "dense" }, { __proto__: null }],
      value >>> 2,
    );
  }
  const text = JSON.stringify(tree.root) ?? "";
  if (value % 64 !== 1) return text;
  const depth = 1 + (at % 5000);
  return `${"[".repeat(depth)}${text}${"]".repeat(depth)}`;
}
