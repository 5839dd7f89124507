// Parses specs in one word with options, as in command lines: `he-normal:fan-mode=fan-out`.
import type { DefinitionTable } from "../definition.js";
import { InvalidInputError, UnknownNameError } from "../errors.js";
import { kindByName, optionsByName } from "../names.js";

/**
 * Parses `kind:option=value,option=value` into a spec. Values are decimal numbers, lists of integers as `6-12-24-16`,
 * true, false, or names.
 * @param what the kind of spec, for messages: `initializer`.
 * @throws UnknownNameError | InvalidInputError
 */
export function specFromText(
  where: string,
  what: string,
  text: string,
  table: DefinitionTable,
): { kind: string; [option: string]: unknown } {
  const colon = text.indexOf(":");
  const name = colon === -1 ? text : text.slice(0, colon);
  const { kind, options: brought } = kindByName({ where, what }, name.trim(), table);
  const known = Object.keys(table[kind].options.shape);
  const options = colon === -1 ? [] : text.slice(colon + 1).split(",");
  const entries = options.map((option): [string, unknown] => {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(option.trim()) ?? [];
    if (value === undefined) {
      throw new InvalidInputError("an option cannot be read", {
        where: `${where} "${text}"`,
        expected: "name=value, with commas between several",
        received: JSON.stringify(option),
      });
    }
    // Only lists of integers can be written here, so names that stand for whole lists are unknown.
    const found = optionsByName(table[kind].options, key.trim()).find(({ entry }) => entry === undefined)?.option;
    if (found === undefined) throw new UnknownNameError(`${where} "${text}"`, "option", key.trim(), known);
    return [found, valueFrom(value.trim())];
  });
  const names = entries.map(([option]) => option);
  const twice = names.find((option, i) => names.indexOf(option) !== i);
  if (twice !== undefined) {
    throw new InvalidInputError("an option is given twice", {
      where: `${where} "${text}"`,
      expected: "every option once",
      received: twice,
    });
  }
  return { ...brought, ...Object.fromEntries(entries), kind };
}

/** Each character can match in only one way, so a long text that is not a number takes linear time. */
const decimalNumber = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** Whether a text is a decimal number without surrounding spaces. Number() also accepts `0x10` and empty texts. */
export function isDecimal(text: string): boolean {
  return decimalNumber.test(text);
}

/** Parses a decimal number, which may have surrounding spaces; `NaN` for any other text. */
export function decimal(text: string): number {
  return isDecimal(text.trim()) ? Number(text) : Number.NaN;
}

/** Parses `1e-3`, `6-12-24-16`, `true`, or a name, which becomes camel case. */
function valueFrom(text: string): unknown {
  const number = decimal(text);
  if (Number.isFinite(number)) return number;
  if (/^\d+(-\d+)+$/.test(text)) return text.split("-").map(Number);
  if (text === "true" || text === "false") return text === "true";
  // A name cannot begin with a digit; such a text is kept unchanged for the error message.
  return /^\d/.test(text) ? text : text.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
