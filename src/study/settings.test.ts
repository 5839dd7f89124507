// Settings from presets and the command line are checked against the schema, and messages name the valid values.
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineStudy } from "./definition.js";
import { rangeText, typeText } from "./setting-form.js";
import {
  changesText,
  presetOf,
  resolveSettings,
  type Settings,
  settingForms,
  settingsFromText,
  settingText,
  storedSettings,
} from "./settings.js";

const quick = {
  settings: {
    epochs: 2,
    rate: 0.1,
    share: 0.5,
    activations: ["tanh" as const],
    rates: [0.1, 0.01],
    initializer: "heNormal" as const,
    bias: true,
    label: "first",
    model: { kind: "dense", units: 3 },
  },
  seeds: 3,
  about: "small",
};

const study = defineStudy({
  kind: "trained",
  id: "example",
  title: "",
  question: "",
  expectation: "",
  refutedBy: "",
  source: "",
  factors: [],
  settings: z.object({
    epochs: z.int().min(1).max(50).meta({ description: "passes over the data", unit: "epochs" }),
    rate: z.number().positive().meta({ description: "learning rate" }),
    share: z.number().min(0).lt(1),
    activations: z.array(z.enum(["tanh", "relu", "sigmoid"])).min(1),
    rates: z.array(z.number().positive()).min(1).max(4),
    initializer: z.enum(["heNormal", "glorotNormal"]),
    bias: z.boolean(),
    label: z.string(),
    model: z.looseObject({ kind: z.string() }),
    steps: z.int().min(1).default(10),
    width: z.literal([1, 2, 4]).default(2),
  }),
  presets: { quick, long: { settings: { ...quick.settings, epochs: 50 }, seeds: 9, about: "long" } },
  smoke: { settings: { epochs: 1 }, seeds: 1, about: "one" },
  data: {},
  stages: [],
  // The types of settings are inferred: a list of names, a number with a default.
  analyze: (_, { settings }) => {
    const names: readonly ("tanh" | "relu" | "sigmoid")[] = settings.activations;
    const steps: number = settings.steps;
    return { answer: "", findings: [], claims: [], figures: [], tables: [], notes: [`${names} ${steps}`] };
  },
});

test("a run has the settings of its preset, the changes of the user, and the defaults of the schema", () => {
  expect(resolveSettings(study, "quick")).toEqual({ ...quick.settings, steps: 10, width: 2 });
  expect(resolveSettings(study, "long", { rate: 1 })).toMatchObject({ epochs: 50, rate: 1 });
  expect(presetOf(study, "smoke")).toMatchObject({ seeds: 1, settings: { epochs: 1, rate: 0.1 } });
  expect(
    changesText(study, "quick", resolveSettings(study, "quick", { epochs: 1, rates: [1, 2], bias: false })),
  ).toEqual(["epochs 1", "rates 1, 2", "bias false"]);
});

test.each([
  ["epochs", "7", 7],
  ["rate", "1e-3", 0.001],
  ["activations", "tanh,relu", ["tanh", "relu"]],
  ["activations", '["sigmoid"]', ["sigmoid"]],
  ["rates", "0.1, 1e-2", [0.1, 0.01]],
  ["initializer", "he-normal", "heNormal"],
  ["bias", "false", false],
  ["width", "4", 4],
  ["label", "1", "1"],
  ["model", '{"kind":"dense","units":4}', { kind: "dense", units: 4 }],
])("--set %s=%s is read by the type of the setting", (name, text, value) => {
  const changes = settingsFromText(study, { [name]: text });
  expect(changes).toEqual({ [name]: value });
  expect(resolveSettings(study, "quick", changes)[name]).toEqual(value);
});

test("settings of a stored run get the defaults that were added since, and are refused where they no longer fit", () => {
  const stored = { ...quick.settings, epochs: 7 };
  expect(storedSettings(study, { id: "r1", preset: "long", settings: stored })).toEqual({
    ...stored,
    steps: 10,
    width: 2,
  });
  const refused =
    (settings: Settings, preset = "quick") =>
    () =>
      storedSettings(study, { id: "r1", preset, settings });
  expect(refused({ ...stored, epochs: 80 })).toThrow(
    /^run "r1": another version of the study started this run: .* > epochs: .* received 80/,
  );
  expect(refused({ ...stored, passes: 7 })).toThrow(
    /^run "r1": .*unknown setting "passes".*trainscope study run example/,
  );
  expect(refused(stored, "huge")).toThrow(/^run "r1": .*unknown preset "huge"/);
});

describe("an invalid setting is refused with its place, the rule, the value and the remedy", () => {
  const refusal = (name: string, text: string): string => {
    try {
      resolveSettings(study, "quick", settingsFromText(study, { [name]: text }));
      return "accepted";
    } catch (cause) {
      return (cause as Error).message;
    }
  };

  test.each([
    ["epochs", "2.5", 'study "example" > epochs: wrong setting: expected an integer from 1 to 50, received "2.5"'],
    [
      "epochs",
      "51",
      'study "example" > epochs: wrong setting: expected an integer from 1 to 50, received 51. See trainscope study show example',
    ],
    [
      "rate",
      "0",
      'study "example" > rate: wrong setting: expected a number above 0, received 0. See trainscope study show example',
    ],
    ["rate", "0x1", 'study "example" > rate: wrong setting: expected a number above 0, received "0x1"'],
    [
      "share",
      "1",
      'study "example" > share: wrong setting: expected a number of at least 0 and below 1, received 1. See trainscope study show example',
    ],
    [
      "activations",
      "tanh,relo",
      'study "example" > activations: wrong setting: expected a list of at least 1 value, each one of tanh, relu, sigmoid, received "relo". Did you mean "relu"?',
    ],
    [
      "rates",
      "1,2,3,4,5",
      'study "example" > rates: wrong setting: expected a list of 1 to 4 values, each a number above 0, received [1,2,3,4,5]. See trainscope study show example',
    ],
    [
      "initializer",
      "heNorml",
      'study "example" > initializer: wrong setting: expected one of heNormal, glorotNormal, received "heNorml". Did you mean "heNormal"?',
    ],
    [
      "width",
      "3",
      'study "example" > width: wrong setting: expected one of 1, 2, 4, received 3. See trainscope study show example',
    ],
    ["bias", "yes", 'study "example" > bias: wrong setting: expected true or false, received "yes"'],
    [
      "model",
      "{kind}",
      'study "example" > model: wrong setting: expected JSON of the form that the study documents, received "{kind}"',
    ],
    [
      "model",
      "[1]",
      'study "example" > model: wrong setting: expected JSON of the form that the study documents, received [1]. See trainscope study show example',
    ],
    ["rat", "1", 'study "example": unknown setting "rat". Did you mean "rate"? 11 are known'],
  ])("%s=%s", (name, text, message) => {
    expect(refusal(name, text)).toBe(message);
  });

  test("an unknown preset is refused too", () => {
    expect(() => resolveSettings(study, "fast")).toThrow(
      'study "example": unknown preset "fast". Valid: quick, long, smoke',
    );
  });
});

test("type, unit and range of a setting come from its schema", () => {
  const forms = settingForms(study);
  expect([...forms].map(([name, form]) => [name, typeText(form), form.unit, rangeText(form)])).toEqual([
    ["epochs", "integer", "epochs", "1 to 50"],
    ["rate", "number", "", "above 0"],
    ["share", "number", "", "at least 0 and below 1"],
    ["activations", "list of choices", "", "tanh, relu, sigmoid"],
    ["rates", "list of numbers", "", "above 0"],
    ["initializer", "choice", "", "heNormal, glorotNormal"],
    ["bias", "boolean", "", "true, false"],
    ["label", "text", "", ""],
    ["model", "json", "", ""],
    ["steps", "integer", "", "at least 1"],
    ["width", "integer", "", "1, 2, 4"],
  ]);
  expect(forms.get("epochs")?.about).toBe("passes over the data");
});

test("settings print with every digit", () => {
  expect([1000, 1e-7, true, ["a", "b"], { a: 1 }, null, undefined].map(settingText)).toEqual([
    "1,000",
    "1e-7",
    "true",
    "a, b",
    '{"a":1}',
    "none",
    "",
  ]);
});
