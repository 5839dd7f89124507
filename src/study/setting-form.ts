// The form of a setting, read from its schema: type, unit, range and choices for help, messages and documentation.

import * as z from "zod";
import { InvalidInputError, nearestName } from "../core/errors.js";
import type { Json } from "../core/formats/json.js";
import { decimal } from "../core/formats/text-form.js";
import { plainName } from "../core/names.js";

/** The valid values of a setting. */
export interface SettingForm {
  readonly type: "integer" | "number" | "text" | "choice" | "boolean" | "list" | "json";
  /** The meaning of the setting in one sentence. */
  readonly about: string;
  /** Unit: `epochs`, `examples`; "" for a pure number, a text or a choice. */
  readonly unit: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Whether the bound itself is excluded. */
  readonly isAbove?: boolean;
  readonly isBelow?: boolean;
  /** The values of a choice, or the only valid numbers. */
  readonly choices?: readonly string[];
  /** The items of a list, and their number. */
  readonly items?: SettingForm;
  readonly fewest?: number;
  readonly most?: number;
  /** The valid values in words: `an integer from 1 to 1000`. */
  readonly rule: string;
}

/** The parts of JSON Schema that zod writes for settings. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly description?: string;
  readonly unit?: string;
}

/** Reads the form of a setting from its schema. */
export function settingForm(schema: z.ZodType): SettingForm {
  return formOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema);
}

function formOf(schema: Schema): SettingForm {
  const form = { ...typeOf(schema), about: schema.description ?? "", unit: schema.unit ?? "" };
  return { ...form, rule: ruleOf(form) };
}

function typeOf(schema: Schema): Omit<SettingForm, "rule" | "about" | "unit"> {
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (choices?.every((choice) => typeof choice === "string")) return { type: "choice", choices };
  if (choices?.every((choice) => typeof choice === "number"))
    return { type: choices.every(Number.isInteger) ? "integer" : "number", choices: choices.map(String) };
  switch (schema.type) {
    case "integer":
    case "number":
      return { type: schema.type, ...boundsOf(schema) };
    case "boolean":
      return { type: "boolean" };
    case "string":
      return { type: "text" };
    case "array":
      return {
        type: "list",
        ...(schema.items === undefined ? {} : { items: formOf(schema.items) }),
        ...(schema.minItems === undefined ? {} : { fewest: schema.minItems }),
        ...(schema.maxItems === undefined ? {} : { most: schema.maxItems }),
      };
    default:
      return { type: "json" };
  }
}

/** Explicit bounds, without those of safe integers. */
function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema) {
  const isSet = (bound: number | undefined): bound is number =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  return {
    ...(isSet(minimum) ? { minimum } : isSet(exclusiveMinimum) ? { minimum: exclusiveMinimum, isAbove: true } : {}),
    ...(isSet(maximum) ? { maximum } : isSet(exclusiveMaximum) ? { maximum: exclusiveMaximum, isBelow: true } : {}),
  };
}

function ruleOf(form: Omit<SettingForm, "rule">): string {
  if (form.choices !== undefined) return `one of ${form.choices.join(", ")}`;
  switch (form.type) {
    case "integer":
      return `an integer${rangeWords(form)}`;
    case "number":
      return `a number${rangeWords(form)}`;
    case "boolean":
      return "true or false";
    case "text":
      return "a text";
    case "list":
      return `a list${countWords(form)}${form.items === undefined ? "" : `, each ${form.items.rule}`}`;
    default:
      return "JSON of the form that the study documents";
  }
}

function rangeWords({ minimum, maximum, isAbove, isBelow }: Omit<SettingForm, "rule">): string {
  if (minimum !== undefined && maximum !== undefined && isAbove === undefined && isBelow === undefined)
    return ` from ${minimum} to ${maximum}`;
  const low = minimum === undefined ? [] : [`${isAbove ? "above" : "of at least"} ${minimum}`];
  const high = maximum === undefined ? [] : [`${isBelow ? "below" : "at most"} ${maximum}`];
  const words = [...low, ...high].join(" and ");
  return words === "" ? "" : ` ${words}`;
}

function countWords({ fewest, most }: Omit<SettingForm, "rule">): string {
  if (fewest !== undefined && most !== undefined) return ` of ${fewest} to ${most} values`;
  if (fewest !== undefined) return ` of at least ${fewest} value${fewest === 1 ? "" : "s"}`;
  return most === undefined ? "" : ` of at most ${most} values`;
}

/** The range of a setting for a column: `1 to 1000`, `above 0`, `tanh, relu`. */
export function rangeText({ type, choices, items, ...form }: SettingForm): string {
  if (choices !== undefined) return choices.join(", ");
  if (type === "boolean") return "true, false";
  if (type === "list") return items === undefined ? "" : rangeText(items);
  return rangeWords({ ...form, type })
    .trim()
    .replace(/^from /, "")
    .replace(/of at least/, "at least");
}

/** The type of a setting for a column: `integer`, `list of choices`. */
export function typeText({ type, items }: SettingForm): string {
  return type === "list" && items !== undefined ? `list of ${items.type}s` : type;
}

/**
 * Reads a value from a command line: a number, a name, `tanh,relu` for a list, or JSON for anything.
 * @throws InvalidInputError that names the valid values.
 */
export function settingFromText(where: string, form: SettingForm, text: string): Json {
  const wrong = (received = text): InvalidInputError => {
    const nearest = nearestName(received, form.choices ?? form.items?.choices ?? []);
    return new InvalidInputError("wrong setting", {
      where,
      expected: form.rule,
      received: JSON.stringify(received),
      ...(nearest === undefined ? {} : { remedy: `Did you mean "${nearest}"?` }),
    });
  };
  switch (form.type) {
    case "integer":
    case "number": {
      const value = decimal(text);
      if (!Number.isFinite(value) || (form.type === "integer" && !Number.isInteger(value))) throw wrong();
      return value;
    }
    case "boolean":
      if (text !== "true" && text !== "false") throw wrong();
      return text === "true";
    case "choice": {
      const found = form.choices?.find((choice) => plainName(choice) === plainName(text));
      if (found === undefined) throw wrong();
      return found;
    }
    case "text":
      return text;
    case "list":
      if (text.trimStart().startsWith("[") || form.items === undefined) return jsonFrom(text, wrong);
      return text.split(",").map((part) => itemFromText(where, form.items as SettingForm, part.trim(), wrong));
    case "json":
      return jsonFrom(text, wrong);
  }
}

function itemFromText(where: string, items: SettingForm, text: string, wrong: (part: string) => Error): Json {
  try {
    return settingFromText(where, items, text);
  } catch {
    // The rule of the whole list is more informative than that of the item.
    throw wrong(text);
  }
}

function jsonFrom(text: string, wrong: () => Error): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw wrong();
  }
}
