// Parses JSON from the run store and checks its form, since the file may be damaged.
import * as z from "zod";
import { verdicts } from "../../core/findings.js";
import { type MeasurementPlan, measurementOptions } from "../../study/measurement.js";
import { upgradeTrialSpec } from "../../train/spec/upgrade.js";
import type { Connection, SqlValue } from "./connection.js";
import { damagedStore } from "./store-errors.js";

const level = z.union([z.string(), z.number(), z.boolean()]);
const number = z
  .number()
  .or(z.nan())
  .or(z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]));

const networkEnd = { network: z.int().min(0), step: z.int().min(0), epoch: number, loss: number };

/** The forms of stored JSON. Unknown members stay, because a newer program may have written them. */
const storedForms = {
  settings: z.record(z.string(), z.unknown()),
  versions: z.record(z.string(), z.string()),
  /** Also older forms, since the measurements of such a trial can still be read. */
  spec: z.unknown().transform((spec) => upgradeTrialSpec(spec).spec),
  /** Of schema 1. */
  oldTimings: z.record(z.string(), z.number()),
  seeds: z.array(z.int()),
  data: z.record(z.string(), z.looseObject({ title: z.string(), isSample: z.boolean(), fingerprint: z.string() })),
  plan: measurementOptions,
  ending: z.looseObject({
    status: z.enum(["done", "diverged"]),
    diverged: z.array(z.looseObject({ ...networkEnd, tensor: z.string().optional() })),
    stopped: z.array(z.looseObject(networkEnd)).optional(),
    timings: z.looseObject({
      ...{ compileMs: z.number(), trainMs: z.number(), evaluateMs: z.number(), totalMs: z.number() },
    }),
  }),
  shape: z.array(z.int().min(0)),
  factors: z.record(z.string(), level.nullable()),
  findings: z.looseObject({
    ...{ id: z.string(), title: z.string(), value: number, n: number },
    ...{ unit: z.string(), variant: z.string(), interval: z.tuple([number, number]).optional() },
    layer: z.int().optional(),
  }),
  claims: z.looseObject({
    ...{ id: z.string(), source: z.string(), text: z.string(), rule: z.string(), evidence: z.string() },
    verdict: z.enum(verdicts),
  }),
};

/** Limit on nesting, deeper than any stored value, because readers are recursive. */
const mostLevels = 100;

/**
 * The JSON value of a column.
 * @param form its form in `storedForms`.
 * @throws CorruptFileError for invalid JSON or another form.
 */
export function storedJson<T>(
  { path }: Connection,
  form: keyof typeof storedForms,
  text: SqlValue,
  revive?: (key: string, value: unknown) => unknown,
): T {
  try {
    if (depthOf(String(text)) > mostLevels) throw new RangeError("nested too deeply");
    const value: unknown = JSON.parse(String(text), revive);
    return storedForms[form].parse(value) as T;
  } catch (cause) {
    throw damagedStore(path, `${form} of another form`, cause);
  }
}

/** A stored plan, if there is one. */
export function storedPlan(connection: Connection, text: SqlValue): MeasurementPlan | undefined {
  return text === null ? undefined : storedJson<MeasurementPlan>(connection, "plan", text);
}

/** JSON with `{"$number": "NaN"}` for numbers that JSON lacks, such as the loss of a diverged trial. */
export function numberText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "number" && !Number.isFinite(member) ? { $number: String(member) } : member,
  );
}

export function reviveNumber(_: string, member: unknown): unknown {
  return typeof member === "object" && member !== null && "$number" in member ? Number(member.$number) : member;
}

/** An upper bound of the depth of its lists and objects. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0];
  for (const mark of text) {
    if (mark === "[" || mark === "{") most = Math.max(most, ++depth);
    else if (mark === "]" || mark === "}") depth--;
  }
  return most;
}
