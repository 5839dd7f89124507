// Reads the values of options and arguments; invalid ones are refused with the flag, the rule and the value.

import { InvalidInputError, UnknownNameError } from "../core/errors.js";
import { decimal } from "../core/formats/text-form.js";
import { type FoundKind, kebabCase, kindByName } from "../core/names.js";

/** Reads an integer from `minimum` on: `1000`, `1e3`. */
export function integer(flag: string, minimum: number): (text: string) => number {
  return (text) => {
    const isInteger = /^[+-]?\d+(e\d+)?$/i.test(text.trim());
    const value = isInteger ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= minimum) return value;
    // Above this, not every integer has a double of its own.
    const isTooLarge = value > Number.MAX_SAFE_INTEGER;
    const expected = isTooLarge
      ? `an integer from ${minimum} to ${Number.MAX_SAFE_INTEGER}`
      : `an integer of at least ${minimum}`;
    throw notA(flag, expected, text);
  };
}

/** Reads any finite decimal number: `0.1`, `1e-3`. */
export function number(flag: string): (text: string) => number {
  return (text) => {
    const value = decimal(text);
    if (!Number.isFinite(value)) throw notA(flag, "a number", text);
    return value;
  };
}

/** Reads a finite number from `minimum` on. */
export function atLeast(flag: string, minimum: number): (text: string) => number {
  const read = number(flag);
  return (text) => {
    const value = read(text);
    if (value < minimum) throw notA(flag, `a number of at least ${minimum}`, text);
    return value;
  };
}

/** Reads a number above 0 and below 1. */
export function share(flag: string): (text: string) => number {
  const read = number(flag);
  return (text) => {
    const value = read(text);
    if (value <= 0 || value >= 1) throw notA(flag, "a number above 0 and below 1", text);
    return value;
  };
}

/** Reads a finite number above `limit`. */
export function above(flag: string, limit: number): (text: string) => number {
  const read = number(flag);
  return (text) => {
    const value = read(text);
    if (value <= limit) throw notA(flag, `a number above ${limit}`, text);
    return value;
  };
}

/** Reads finite numbers separated by commas: `30,60,80`. */
export function numbers(flag: string): (text: string) => number[] {
  const read = number(flag);
  return (text) => text.split(",").map(read);
}

/** Reads height and width: `32x48`, or `32` for both. */
export function imageSize(flag: string): (text: string) => { readonly height: number; readonly width: number } {
  return (text) => {
    const [, height, width = height] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text) ?? [];
    if (Number(height) >= 1 && Number(width) >= 1) return { height: Number(height), width: Number(width) };
    throw notA(flag, "height x width in pixels, such as 32x32", text);
  };
}

/** Reads one of a few names. */
export function choice<Name extends string>(flag: string, valid: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = valid.find((name) => name === text);
    if (found === undefined) throw new UnknownNameError(flag, "value", text, valid);
    return found;
  };
}

/** Reads the name of a kind, ours in any spelling or another library's. */
export function kindName(flag: string, table: Readonly<Record<string, object>>): (text: string) => FoundKind {
  return (text) => kindByName({ where: flag, what: "value", written: kebabCase }, text, table);
}

/** Reads names separated by commas; the option may be repeated. */
export function list(text: string, previous: readonly string[] = []): string[] {
  return [
    ...previous,
    ...text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  ];
}

/** Reads `key=value`; the option may be repeated, and the last value of a key counts. */
export function setting(
  flag: string,
): (text: string, previous?: Readonly<Record<string, string>>) => Record<string, string> {
  return (text, previous = {}) => {
    const match = /^([A-Za-z]\w*)=(.+)$/s.exec(text);
    if (match === null) throw notA(flag, "key=value", text);
    return { ...previous, [match[1]]: match[2] };
  };
}

function notA(flag: string, expected: string, received: string): InvalidInputError {
  return new InvalidInputError("wrong value", { where: flag, expected, received: JSON.stringify(received) });
}
