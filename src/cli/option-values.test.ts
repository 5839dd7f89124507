// Values of options: what does not fit is refused with the rule that it breaks.
import { expect, test } from "vitest";
import { integer } from "./option-values.js";

test("an integer beyond what a double can tell apart is refused with the limit", () => {
  const seed = integer("--seed", 0);
  expect(seed("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
  for (const text of ["9007199254740992", "12345678901234567890", "1e20"])
    expect(() => seed(text)).toThrow(
      `--seed: wrong value: expected an integer from 0 to 9007199254740991, received "${text}"`,
    );
  for (const text of ["-1", "0.5", "many", "-12345678901234567890"])
    expect(() => seed(text)).toThrow(
      `--seed: wrong value: expected an integer of at least 0, received ${JSON.stringify(text)}`,
    );
});
