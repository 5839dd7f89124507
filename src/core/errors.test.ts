import { describe, expect, it } from "vitest";
import { InvalidInputError, nearestName, ShapeError, TrainscopeError, UnknownNameError } from "./errors.js";

describe("errors", () => {
  it("say where, what was expected, what was received, and what to do", () => {
    const all = { where: "train --learning-rate", expected: "a number above 0", received: "-1", remedy: "Write 1e-3" };
    expect(new InvalidInputError("not a learning rate", all).message).toMatchInlineSnapshot(
      `"train --learning-rate: not a learning rate: expected a number above 0, received -1. Write 1e-3"`,
    );
    expect(new InvalidInputError("damaged", { where: "a.npz", received: "3 bytes" }).message).toMatchInlineSnapshot(
      `"a.npz: damaged: received 3 bytes"`,
    );
    expect(
      new InvalidInputError("incomplete", { where: "spec.json", expected: "a model" }).message,
    ).toMatchInlineSnapshot(`"spec.json: incomplete: expected a model"`);
    expect(new ShapeError("empty", { where: "x" }).message).toMatchInlineSnapshot(`"x: empty"`);
  });

  it("carry a stable code, an exit code, the parts and the cause", () => {
    const cause = new Error("ENOENT");
    const error = new InvalidInputError("cannot read", { where: "model.onnx", cause });
    expect(error).toBeInstanceOf(TrainscopeError);
    expect([error.name, error.code, error.exitCode, error.cause]).toEqual([
      "InvalidInputError",
      "invalid-input",
      2,
      cause,
    ]);
    expect(error.parts.where).toBe("model.onnx");
  });

  it("suggest the nearest name, and all names if there are few", () => {
    const few = new UnknownNameError("train", "optimizer", "adamm", ["sgd", "adam", "adamw"]);
    expect(few.message).toMatchInlineSnapshot(
      `"train: unknown optimizer "adamm". Did you mean "adam"? Valid: sgd, adam, adamw"`,
    );
    const many = new UnknownNameError(
      "train",
      "model",
      "qqqqqqq",
      Array.from({ length: 12 }, (_, i) => `model${i}`),
    );
    expect(many.message).toMatchInlineSnapshot(`"train: unknown model "qqqqqqq". 12 are known"`);
  });
});

describe("nearestName", () => {
  it("forgives typing errors and case, but does not guess wildly", () => {
    const valid = ["mnist", "fashion-mnist", "cifar-10"];
    expect(["MNIST", "mnits", "cifar10", "fashonmnist"].map((name) => nearestName(name, valid))).toEqual([
      "mnist",
      "mnist",
      "cifar-10",
      "fashion-mnist",
    ]);
    expect(nearestName("imagenet-21k", valid)).toBeUndefined();
    expect(nearestName("x", [])).toBeUndefined();
  });

  it("is fast for names of millions of letters, and messages quote only their beginning", () => {
    const name = "a \n".repeat(1_000_000);
    const { message } = new UnknownNameError("model", "layer", name, ["dense", "a".repeat(100_000)]);
    expect(message).toBe(`model: unknown layer "${"a ".repeat(66)}a ...". Valid: dense, ${"a".repeat(100_000)}`);
    const spaces = " ".repeat(1_000_000);
    expect(new InvalidInputError(spaces, { where: "model" }).message).toBe(`model: ${spaces}`);
  });
});
