// An unexpected warning fails the test. A test that expects one replaces `console.warn` with a spy of its own.
import { afterEach, beforeEach, expect } from "vitest";

const original = { warn: console.warn, error: console.error };
let printed: string[] = [];

function record(level: "warn" | "error"): (...parts: unknown[]) => void {
  return (...parts) => {
    printed.push(`console.${level}: ${parts.map(String).join(" ")}`);
    original[level](...parts);
  };
}

beforeEach(() => {
  printed = [];
  console.warn = record("warn");
  console.error = record("error");
});

afterEach(() => {
  Object.assign(console, original);
  expect(printed, "unexpected warnings").toEqual([]);
});
