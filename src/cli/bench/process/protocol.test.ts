import { expect, test } from "vitest";
import { lastLine, readAnswer, stepMilliseconds } from "./protocol.js";

test("answers are lines of JSON, and output of libraries between them is skipped", () => {
  expect(readAnswer("PyTorch", '{"steps": 10, "milliseconds": 52.5}')).toEqual({ steps: 10, milliseconds: 52.5 });
  for (const line of ["", "[W NNPACK.cpp:64] Could not initialize NNPACK!", "{'not': json}", "12"]) {
    expect(readAnswer("PyTorch", line)).toBeUndefined();
  }
});

test("an error answer is thrown with its informative line", () => {
  const line = JSON.stringify({
    error: "BackendCompilerFailed: backend='inductor' raised:\nCppCompileError: no compiler\n",
  });
  expect(() => readAnswer("PyTorch", line)).toThrowErrorMatchingInlineSnapshot(
    `[EnvironmentError: bench > PyTorch: CppCompileError: no compiler]`,
  );
});

test("a time has steps and milliseconds, both above zero", () => {
  expect(stepMilliseconds("PyTorch", { steps: 4, milliseconds: 10 })).toBe(2.5);
  for (const answer of [{}, { steps: 0, milliseconds: 1 }, { steps: 3 }, { steps: 3, milliseconds: 0 }]) {
    expect(() => stepMilliseconds("PyTorch", answer)).toThrow("answered without a time");
  }
});

test("the informative line of a traceback is the last one", () => {
  expect(lastLine("Traceback:\n  File x\nModuleNotFoundError: No module named 'torch'\n\n")).toBe(
    "ModuleNotFoundError: No module named 'torch'",
  );
  expect(lastLine("")).toBe("");
});
