// Flags that end a training or choose its weights, as parts of its spec.
import { expect, test } from "vitest";
import { type Flags, trainOptions } from "./options.js";

const optionsOf = (flags: Partial<Flags>) =>
  trainOptions("mlp:2-2", {
    ...{ data: "two-moons", batchSize: 8, seed: 0, order: "shuffle", keep: "last" },
    ...{ loss: "cross-entropy", optimizer: "adam", schedule: "constant", batchSchedule: "constant" },
    ...flags,
  } as Flags);

test("without them a training does all its steps and ends with its last weights", () => {
  const options = optionsOf({});
  expect([options.stop, options.keep]).toEqual([undefined, undefined]);
});

test("patience is a stop rule, and the best weights are those by the same monitor", () => {
  expect(optionsOf({ patience: 3 }).stop).toEqual({
    ...{ kind: "noImprovement", patience: 3, minDelta: 0, monitor: "loss" },
  });
  const both = optionsOf({ patience: 3, minDelta: 0.01, monitor: "accuracy", keep: "best" });
  expect(both.stop).toMatchObject({ minDelta: 0.01, monitor: "accuracy" });
  expect(both.keep).toEqual({ best: "accuracy" });
  expect(optionsOf({ keep: "best" })).toMatchObject({ keep: { best: "loss" } });
  expect(optionsOf({ keep: "best" }).stop).toBeUndefined();
});

test("what would compare epochs for nothing is refused", () => {
  expect(() => optionsOf({ minDelta: 0.1, keep: "best" })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: --min-delta: there is nothing to compare epochs for: expected --patience as well, received 0.1]`,
  );
  expect(() => optionsOf({ monitor: "accuracy" })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: --monitor: there is nothing to compare epochs for: expected --patience or --keep best as well, received accuracy]`,
  );
});
