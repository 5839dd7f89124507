import { expect, test } from "vitest";
import * as z from "zod";
import { define, readSpec, withOwnNames } from "./definition.js";
import { specFromText } from "./formats/text-form.js";
import { findKind, kindByName, plainName, withArticle } from "./names.js";

const momentum = define({
  kind: "momentum",
  about: "a test optimizer",
  aliases: ["MomentumSGD", { name: "NesterovSGD", options: { nesterov: true } }],
  lookalikes: { HeavyBall: "Its momentum is another: write momentum with rate 1" },
  options: z.object({
    rate: z
      .number()
      .default(0.1)
      .describe("size of a step")
      .meta({ aliases: ["lr"] }),
    b1: z
      .number()
      .default(0.9)
      .meta({ aliases: ["beta_1", "betas[0]"] }),
    b2: z
      .number()
      .default(0.99)
      .meta({ aliases: ["beta_2", "betas[1]"] }),
    nesterov: z.boolean().default(false),
    path: z
      .enum(["straight", "cosine"])
      .default("straight")
      .meta({ values: { cosine: ["cos"] } }),
    gain: z.union([z.number(), z.enum(["leakyRelu"])]).default(1),
    fallBack: z.int().optional(),
  }),
});
const table = { momentum };
const place = { where: "x", what: "optimizer" };
const read = (spec: unknown) => readSpec("x", "optimizer", table, spec).spec;

test("names are compared without case, dashes and underscores", () => {
  expect(["heNormal", "he-normal", "HeNormal", "he_normal_"].map(plainName)).toEqual(Array(4).fill("henormal"));
});

test("a noun gets the article that its first letter asks for", () => {
  expect(["layer", "optimizer", "initializer", "augmentation", "loss"].map(withArticle)).toEqual([
    "a layer",
    "an optimizer",
    "an initializer",
    "an augmentation",
    "a loss",
  ]);
  expect(() => read("momentum")).toThrow(/^x: not an optimizer spec: /);
});

test("a kind is found by its aliases, in every spelling", () => {
  for (const name of ["momentum", "Momentum", "MomentumSGD", "momentum_sgd", "momentum-sgd"])
    expect(kindByName(place, name, table)).toEqual({ kind: "momentum", options: {} });
  expect(kindByName(place, "nesterov_sgd", table)).toEqual({ kind: "momentum", options: { nesterov: true } });
  expect(findKind("adam", table)).toBeUndefined();
});

test("a definition, a spec and the text form give one spec under any of the names", () => {
  const ours = momentum({ rate: 0.5, nesterov: true });
  expect(momentum({ lr: 0.5, nesterov: true } as object)).toEqual(ours);
  expect(read({ kind: "MomentumSGD", lr: 0.5, nesterov: true })).toEqual(ours);
  expect(read({ kind: "NesterovSGD", LR: 0.5 })).toEqual(ours);
  expect(read(specFromText("x", "optimizer", "nesterov-sgd:lr=0.5", table))).toEqual(ours);
});

test("an option that an alias brings along is a default", () => {
  expect(read({ kind: "NesterovSGD", nesterov: false })).toEqual(momentum());
});

test("withOwnNames renames the given options and adds no defaults", () => {
  expect(withOwnNames("x", "optimizer", table, { kind: "NesterovSGD", lr: 1 })).toEqual({
    kind: "momentum",
    nesterov: true,
    rate: 1,
  });
});

test("a list can set several options", () => {
  expect(read({ kind: "momentum", betas: [0.8, 0.9] })).toEqual(momentum({ b1: 0.8, b2: 0.9 }));
  expect(() => read({ kind: "momentum", betas: [0.8] })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: x (momentum).betas: expected a list of 2: b1, b2, received [0.8]]`,
  );
  expect(() => read({ kind: "momentum", betas: 0.8 })).toThrow("expected a list of 2: b1, b2, received 0.8");
});

test("values of enumerations have other names and spellings too", () => {
  expect(read({ kind: "momentum", path: "cos", gain: "leaky_relu" })).toEqual(
    momentum({ path: "cosine", gain: "leakyRelu" }),
  );
});

test("an option given by two names is refused, naming both", () => {
  expect(() => momentum({ lr: 1, rate: 1 } as object)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: momentum: one option is given by two names: expected one of "lr" and "rate", received both]`,
  );
  expect(() => read({ kind: "momentum", betas: [0.8, 0.9], beta_1: 0.8 })).toThrow('one of "betas" and "beta_1"');
});

test("a name that means something else is refused with its replacement", () => {
  expect(() => read({ kind: "heavy_ball" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: x: unknown optimizer "heavy_ball". Its momentum is another: write momentum with rate 1]`,
  );
});

test("an unknown option is refused with our names", () => {
  expect(() => read({ kind: "momentum", step: 1 })).toThrow('unknown option "step"');
  expect(() => read(JSON.parse('{ "kind": "momentum", "__proto__": { "rate": 1 } }'))).toThrow("__proto__");
});
