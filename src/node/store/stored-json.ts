// JSON out of the run store, which is a file that may be damaged: parsed, and of the form that was written.
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

/** What is stored as JSON. Members that these do not name stay: a newer program may have written them. */
const storedForms = {
  settings: z.record(z.string(), z.unknown()),
  versions: z.record(z.string(), z.string()),
  /** Of an older form, too: what such a trial measured can still be read. */
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
  }),
  claims: z.looseObject({
    ...{ id: z.string(), source: z.string(), text: z.string(), rule: z.string(), evidence: z.string() },
    verdict: z.enum(verdicts),
  }),
};

/** Deeper than anything that is stored; whoever goes through it calls himself. */
const mostLevels = 100;

/**
 * The value that a column holds as JSON.
 * @param form which of `storedForms` it has.
 * @throws CorruptFileError when it is no JSON, or of another form.
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

/** A stored plan, where there is one. */
export function storedPlan(connection: Connection, text: SqlValue): MeasurementPlan | undefined {
  return text === null ? undefined : storedJson<MeasurementPlan>(connection, "plan", text);
}

/** JSON in which numbers that JSON lacks are `{"$number": "NaN"}`: the loss of a diverged trial is a number too. */
export function numberText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "number" && !Number.isFinite(member) ? { $number: String(member) } : member,
  );
}

export function reviveNumber(_: string, member: unknown): unknown {
  return typeof member === "object" && member !== null && "$number" in member ? Number(member.$number) : member;
}

/** At least the depth of its lists and objects. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0];
  for (const mark of text) {
    if (mark === "[" || mark === "{") most = Math.max(most, ++depth);
    else if (mark === "]" || mark === "}") depth--;
  }
  return most;
}
