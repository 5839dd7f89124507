import { expect, test } from "vitest";
import { type Contestant, calibrate, race } from "./race.js";

/** Returns prepared times in order (the last one repeatedly) and records whose turn it was. */
function contestant(setting: string, times: readonly number[], turns: string[] = []): Contestant {
  let turn = 0;
  return {
    setting,
    prepare: async () => void turns.push(`prepare ${setting}`),
    time: async () => {
      turns.push(setting);
      return times[Math.min(turn++, times.length - 1)];
    },
  };
}

const failing: Contestant = { ...contestant("compiled", []), prepare: () => Promise.reject(new Error("no compiler")) };
const pause = async (): Promise<void> => undefined;

test("a race takes turns, pauses before each, and reports medians and the ratio of theirs to ours", async () => {
  const turns: string[] = [];
  const result = await race(contestant("ours", [5, 4, 6], turns), contestant("theirs", [6, 6, 9], turns), {
    rounds: 3,
    pause: async () => void turns.push("."),
  });
  expect(turns.join(" ")).toBe(". ours . theirs . ours . theirs . ours . theirs");
  expect(result).toEqual({
    ours: { value: 5, low: 4, high: 6, setting: "ours" },
    theirs: { value: 6, low: 6, high: 9, setting: "theirs" },
    ratio: { value: 1.2, low: 1.2, high: 1.5 },
  });
});

test("without a peer, only our times are reported", async () => {
  const result = await race(contestant("ours", [5, 4, 6]), undefined, { rounds: 3, pause });
  expect(result).toEqual({ ours: { value: 5, low: 4, high: 6, setting: "ours" } });
});

test("calibration takes the best time of each setting in turn, and measures the fastest settings again", async () => {
  const turns: string[] = [];
  // `b` is disturbed at first and shows its speed only in the second measurement.
  const field = [
    contestant("a", [5], turns),
    contestant("b", [5.9, 5.8, 5.8, 4.8], turns),
    contestant("c", [9], turns),
  ];
  const { best, tried, failures } = await calibrate(field, { pause });
  expect(best.setting).toBe("b");
  expect(tried).toBe(3);
  expect(failures).toEqual([]);
  expect(turns.slice(3).join("")).toBe("abcabcabab");
});

test("a failing setting is left out and named; if all fail, the first failure is thrown", async () => {
  const { best, tried, failures } = await calibrate([failing, contestant("fused", [5])], { pause });
  expect([best.setting, tried, failures]).toEqual(["fused", 1, ["compiled: no compiler"]]);
  await expect(calibrate([failing], { pause })).rejects.toThrow("no compiler");
});
