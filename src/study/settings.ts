// The settings of a run: those of the preset with the user's changes, checked against the study's schema.
import type * as z from "zod";
import { InvalidInputError, TrainscopeError, UnknownNameError } from "../core/errors.js";
import type { Json } from "../core/formats/json.js";
import { defaultPreset, type Preset, smokePreset, type TrainedStudy } from "./definition.js";
import { type SettingForm, settingForm, settingFromText } from "./setting-form.js";

/** Settings by name. The study defines the names and types. */
export type Settings = Readonly<Record<string, Json>>;

type AnyStudy = Pick<TrainedStudy<z.ZodObject>, "id" | "settings" | "presets" | "smoke" | "kind">;

/** The settings of a preset; those of `smoke` include the unchanged ones of `quick`. @throws UnknownNameError */
export function presetOf(study: AnyStudy, name: string): Preset<Readonly<Record<string, unknown>>> {
  if (name === smokePreset) {
    const { smoke } = study;
    return { ...smoke, settings: { ...study.presets[defaultPreset].settings, ...smoke.settings } };
  }
  if (!Object.hasOwn(study.presets, name))
    throw new UnknownNameError(`study "${study.id}"`, "preset", name, [...Object.keys(study.presets), smokePreset]);
  return study.presets[name];
}

/** Every setting of a study by name, in the order of its schema. */
export function settingForms(study: Pick<AnyStudy, "settings">): ReadonlyMap<string, SettingForm> {
  return new Map(
    Object.entries(study.settings.shape).map(([name, schema]) => [name, settingForm(schema as z.ZodType)]),
  );
}

/**
 * The complete settings of a run.
 * @throws UnknownNameError | InvalidInputError that names the setting, its rule and the given value.
 */
export function resolveSettings(study: AnyStudy, preset: string, changes: Settings = {}): Settings {
  const forms = settingForms(study);
  const where = `study "${study.id}"`;
  const unknown = Object.keys(changes).find((name) => !forms.has(name));
  if (unknown !== undefined) throw new UnknownNameError(where, "setting", unknown, [...forms.keys()]);
  const given: Readonly<Record<string, unknown>> = { ...presetOf(study, preset).settings, ...changes };
  const result = study.settings.strict().safeParse(given);
  if (result.success) return result.data as Settings;
  const [issue] = result.error.issues;
  const name = String(issue.path[0] ?? "");
  throw new InvalidInputError("wrong setting", {
    where: name === "" ? where : `${where} > ${name}`,
    // Rules between settings are checks of the whole schema, with the rule as their message.
    expected: issue.code === "custom" ? issue.message : (forms.get(name)?.rule ?? issue.message),
    received: Object.hasOwn(given, name) ? JSON.stringify(given[name]) : "nothing",
    remedy: `See trainscope study show ${study.id}`,
  });
}

/**
 * The settings of a stored run, read by the schema of today: a version between may have added, renamed or narrowed some.
 * @throws InvalidInputError that names the run and what does not fit any more.
 */
export function storedSettings(
  study: AnyStudy,
  {
    id,
    preset = defaultPreset,
    settings,
  }: { readonly id: string; readonly preset?: string; readonly settings: Settings },
): Settings {
  try {
    return resolveSettings(study, preset, settings);
  } catch (cause) {
    if (!(cause instanceof TrainscopeError)) throw cause;
    throw new InvalidInputError("another version of the study started this run", {
      where: `run "${id}"`,
      received: cause.message,
      remedy: `Start a new run: trainscope study run ${study.id}. Finished trials are taken from the store`,
      cause,
    });
  }
}

/**
 * Reads settings from a command line, by the types of the study: `epochs` "5", `activations` "tanh,relu".
 * @throws UnknownNameError | InvalidInputError that names the setting, its rule and the given value.
 */
export function settingsFromText(study: AnyStudy, texts: Readonly<Record<string, string>>): Settings {
  const forms = settingForms(study);
  const where = `study "${study.id}"`;
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]): [string, Json] => {
      const form = forms.get(name);
      if (form === undefined) throw new UnknownNameError(where, "setting", name, [...forms.keys()]);
      return [name, settingFromText(`${where} > ${name}`, form, text)];
    }),
  );
}

/** The differences from the preset as text: `epochs 1,000`, `activations tanh, relu`. */
export function changesText(study: AnyStudy, preset: string, settings: Settings): string[] {
  const normal = resolveSettings(study, preset);
  return Object.entries(settings)
    .filter(([name, value]) => JSON.stringify(normal[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name} ${settingText(value)}`);
}

/** A setting for people: `1,000`, `tanh, relu`, `true`; empty for an absent one. */
export function settingText(value: Json | undefined): string {
  if (value === undefined) return "";
  if (value === null) return "none";
  if (typeof value === "number") return plainNumber(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
    return value.map((item: Json) => settingText(item)).join(", ");
  return JSON.stringify(value);
}

/** All digits of the number, with commas between thousands. */
function plainNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toLocaleString("en-US") : String(value);
}
