// Canonical JSON: one text per value, so that a hash names a spec.
import { InvalidInputError } from "../errors.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Serializes with sorted keys and no spaces. Members whose value is `undefined` are left out.
 * @throws TypeError for numbers that JSON cannot hold (NaN, Infinity); InvalidInputError for more than 500 levels.
 */
export function canonicalJson(value: unknown): string {
  return textOf(value, 0);
}

/** The stack can hold several times this many levels; real specs have a dozen. */
const mostLevels = 500;

function textOf(value: unknown, level: number): string {
  if (level > mostLevels) {
    throw new InvalidInputError("nested too deeply", {
      where: "spec",
      expected: `at most ${mostLevels} levels of lists and objects`,
      received: "more",
    });
  }
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((member) => textOf(member, level + 1)).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${textOf(member, level + 1)}`);
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`JSON cannot hold a value of type ${typeof value}`);
}
