import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonHash, sha256Hex } from "./hash.js";
import { canonicalJson } from "./json.js";

/** The same value with every object's keys inserted in the opposite order. */
function mirrored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mirrored);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, mirrored(member)]),
  );
}

describe("canonicalJson", () => {
  it("refuses values that are nested too deeply for the stack", () => {
    let nest: unknown = 1;
    for (let level = 0; level < 100_000; level++) nest = level % 2 === 0 ? [nest] : { nest };
    expect(() => canonicalJson(nest)).toThrow(/^spec: nested too deeply/);
  });

  it("does not depend on the order of keys, and is read back as the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(mirrored(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 3 },
    );
  });

  it("sorts keys by code unit, leaves undefined members out, and writes no spaces", () => {
    expect(canonicalJson({ b: [1, "ä", null], a: undefined, B: { z: true, y: -0.5e-7 } })).toBe(
      '{"B":{"y":-5e-8,"z":true},"b":[1,"ä",null]}',
    );
  });

  it("refuses values that JSON cannot hold", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 0, [undefined]]) {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    }
  });
});

describe("hashes", () => {
  it("are SHA-256 (FIPS 180-2, the message abc)", () => {
    expect(sha256Hex(new TextEncoder().encode("abc"))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });

  it("name a value by its content", () => {
    expect(jsonHash({ b: 1, a: 2 })).toBe(jsonHash({ a: 2, b: 1 }));
    expect(jsonHash({ a: 2 })).not.toBe(jsonHash({ a: "2" }));
    expect(jsonHash({})).toMatch(/^[0-9a-f]{16}$/);
  });
});
