// Canonical JSON: one text per value, so that a hash names a spec.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Serializes with sorted keys and no spaces. Members whose value is `undefined` are left out.
 * @throws TypeError for numbers that JSON cannot hold (NaN, Infinity).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}
