// What every Runtime must do, as a suite that each adapter's tests call. See runtime.ts for the port.

import { TrainscopeError } from "../../core/errors.js";
import { type DType, dtypeTable } from "../../core/numbers/dtype.js";
import { type TensorData, tensorData, tensorFrom, toNumbers } from "../../core/numbers/tensor-data.js";
import { randomStream } from "../../core/random/rng.js";
import type { Runtime, Session } from "./runtime.js";
import { addModel, identityModel, loopModel, matMulModel } from "./runtime-contract-models.js";

interface Expectation {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toMatch(pattern: RegExp): void;
}

/** The part of a test framework that the suite needs; vitest's own functions fit. */
export interface ContractHarness {
  test(name: string, body: () => Promise<void>): void;
  expect(actual: unknown): Expectation;
}

const vector = (...values: number[]): TensorData => tensorFrom("float32", [values.length], values);
const scalar = (dtype: DType, value: number): TensorData => tensorFrom(dtype, [], [value]);

/** Normal numbers, the same ones for the same seed. */
function noise(seed: number, ...shape: number[]): TensorData {
  const stream = randomStream(seed, "contract");
  const count = shape.reduce((size, extent) => size * extent, 1);
  return tensorFrom(
    "float32",
    shape,
    Array.from({ length: count }, (_, index) => stream.normal(index)),
  );
}

/** The message of the TrainscopeError with which a promise must fail. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  throw new Error("the call was expected to fail");
}

/** Registers the suite. @param makeRuntime a new runtime for each test, disposed by the suite. */
export function runtimeContract({ test, expect }: ContractHarness, makeRuntime: () => Runtime): void {
  const testRuntime = (name: string, body: (runtime: Runtime) => Promise<void>): void => {
    test(name, async () => {
      const runtime = makeRuntime();
      try {
        await body(runtime);
      } finally {
        await runtime.dispose();
      }
    });
  };

  testRuntime(
    "a model runs on tensors that stay the caller's, also when they are views of a larger buffer",
    async (runtime) => {
      const session = await runtime.load(addModel(), { threads: 1 });
      const whole = new Float32Array([9, 1, 2, 9]);
      const a = tensorData("float32", [2], whole.subarray(1, 3));
      const b = vector(10, 20);
      for (let i = 0; i < 2; i++) {
        const { outputs } = await session.run({ feeds: { a, b }, fetch: ["sum"] });
        expect(outputs).toEqual({ sum: vector(11, 22) });
      }
      expect([...whole, ...toNumbers(b)]).toEqual([9, 1, 2, 9, 10, 20]);
    },
  );

  testRuntime("its capabilities are plain facts, and those that can be tried hold", async (runtime) => {
    const { provider, threads, memoryBytes = 1, domains, dtypes, loop, bits } = runtime.capabilities;
    expect(["cpu", "wasm", "webgpu", "cuda"].includes(provider)).toBe(true);
    expect(["inside", "stepwise"].includes(loop)).toBe(true);
    expect(["same", "by threads", "varying"].includes(bits)).toBe(true);
    expect([threads.most, memoryBytes].every((count) => Number.isInteger(count) && count >= 1)).toBe(true);
    // What programs are made of: numbers to train with, and counters and rows to steer by.
    const needed: readonly DType[] = ["float32", "int64", "int32", "uint32", "bool"];
    expect(needed.filter((dtype) => !dtypes.has(dtype))).toEqual([]);
    const x = vector(1, 2);
    const session = await runtime.load(identityModel("float32", domains[""]), { threads: threads.most });
    expect((await session.run({ feeds: { x }, fetch: ["y"] })).outputs.y).toEqual(x);
  });

  testRuntime("a loop accumulates a resident state over several runs", async (runtime) => {
    const session = await runtime.load(loopModel(1), { threads: 1 });
    await runtime.put("weights", tensorFrom("float32", [1, 1], [1]));
    await runtime.put("matrix", tensorFrom("float32", [1, 1], [1]));
    // The state doubles in every step: 1 -> 4 -> 16 -> 64 -> 256.
    for (let segment = 0; segment < 4; segment++) {
      const { outputs } = await session.run(doubling(2));
      const start = 4 ** segment;
      expect(outputs).toEqual({ sums: vector(2 * start, 4 * start) });
    }
    expect(await runtime.get("weights")).toEqual(tensorFrom("float32", [1, 1], [256]));
    expect(await runtime.get("matrix")).toEqual(tensorFrom("float32", [1, 1], [1]));
  });

  testRuntime(
    "sessions share resident tensors, and fetched or copied values do not change afterwards",
    async (runtime) => {
      const train = await runtime.load(loopModel(1), { threads: 1 });
      const evaluate = await runtime.load(matMulModel(1), { threads: 1 });
      await runtime.put("weights", tensorFrom("float32", [1, 1], [1]));
      await runtime.put("matrix", tensorFrom("float32", [1, 1], [1]));
      const first = await train.run({ ...doubling(1), fetch: ["nextState", "sums"] });
      const copy = await runtime.get("weights");
      for (let i = 0; i < 3; i++) await train.run(doubling(1));
      const square = await evaluate.run({
        feeds: {},
        resident: { left: "weights", right: "weights" },
        fetch: ["product"],
      });
      expect(toNumbers(square.outputs.product)).toEqual([256]);
      expect([...toNumbers(first.outputs.nextState), ...toNumbers(copy)]).toEqual([2, 2]);
    },
  );

  testRuntime("calls take effect in the order in which they are made, without waiting for each", async (runtime) => {
    const session = await runtime.load(loopModel(1), { threads: 1 });
    const answers = [
      runtime.put("weights", tensorFrom("float32", [1, 1], [3])),
      runtime.put("matrix", tensorFrom("float32", [1, 1], [1])),
      session.run(doubling(1)),
      runtime.get("weights"),
      session.run(doubling(1)),
      runtime.remove("matrix"),
    ];
    const copy = (await Promise.all(answers))[3] as TensorData;
    expect(toNumbers(copy)).toEqual([6]);
    expect(toNumbers(await runtime.get("weights"))).toEqual([12]);
    expect(await refusal(runtime.get("matrix"))).toMatch(/unknown resident tensor "matrix"/);
  });

  testRuntime("every element type, scalars and empty tensors survive the way there and back", async (runtime) => {
    for (const dtype of runtime.capabilities.dtypes) {
      const tensor = tensorFrom(dtype, [2], dtype === "bool" ? [0, 1] : [1, 100]);
      await runtime.put(dtype, tensor);
      expect(await runtime.get(dtype)).toEqual(tensor);
      const session = await runtime.load(identityModel(dtype), { threads: 1 });
      const { outputs } = await session.run({ feeds: {}, resident: { x: dtype }, fetch: ["y"] });
      expect(outputs.y).toEqual(tensor);
      const empty = { dtype, shape: [0], data: new dtypeTable[dtype].array(0) };
      expect((await session.run({ feeds: { x: empty }, fetch: ["y"] })).outputs.y).toEqual(empty);
    }
    await runtime.put("scalar", scalar("int64", -5));
    expect(await runtime.get("scalar")).toEqual(scalar("int64", -5));
  });

  testRuntime("a failed run is one sentence and leaves resident tensors as they were", async (runtime) => {
    const session = await runtime.load(loopModel(2), { threads: 1 });
    const state = tensorFrom("float32", [2, 1], [1, 2]);
    await runtime.put("weights", state);
    await runtime.put("matrix", tensorFrom("float32", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
    const message = await refusal(session.run(doubling(1)));
    expect(message).toMatch(/dimension/i);
    expect(message.includes("\n")).toBe(false);
    expect(await runtime.get("weights")).toEqual(state);
    await runtime.put("matrix", tensorFrom("float32", [2, 2], [1, 0, 0, 1]));
    await session.run(doubling(1));
    expect(toNumbers(await runtime.get("weights"))).toEqual([2, 4]);
  });

  testRuntime("bad models, unknown names and missing inputs are refused", async (runtime) => {
    expect(await refusal(runtime.load(new Uint8Array([1, 2, 3]), { threads: 1 }))).toMatch(/./);
    expect(await refusal(runtime.load(addModel(), { threads: 0 }))).toMatch(/expected an integer from 1, received 0/);
    const session = await runtime.load(addModel(), { threads: 1 });
    const [a, b] = [vector(1), vector(2)];
    expect(await refusal(session.run({ feeds: { a, bb: b }, fetch: ["sum"] }))).toMatch(
      /unknown model input "bb".*"b"/,
    );
    expect(await refusal(session.run({ feeds: { a, b }, fetch: ["sun"] }))).toMatch(
      /unknown model output "sun".*"sum"/,
    );
    expect(await refusal(session.run({ feeds: { a }, fetch: ["sum"] }))).toMatch(/missing model input b/);
    expect(await refusal(session.run({ feeds: { a }, resident: { b: "nothing" }, fetch: ["sum"] }))).toMatch(
      /unknown resident tensor "nothing"/,
    );
    expect(toNumbers((await session.run({ feeds: { a, b }, fetch: ["sum"] })).outputs.sum)).toEqual([3]);
  });

  testRuntime("transferred feeds are read like copied ones", async (runtime) => {
    const session = await runtime.load(addModel(), { threads: 1 });
    const shared = new Float32Array([1, 2]);
    const part = (at: number) => ({ dtype: "float32" as const, shape: [1], data: shared.subarray(at, at + 1) });
    const transfer = ["a", "b"];
    expect(
      toNumbers((await session.run({ feeds: { a: vector(5), b: vector(6) }, transfer, fetch: ["sum"] })).outputs.sum),
    ).toEqual([11]);
    // One array for both, and parts of a larger one, which stays whole.
    const x = vector(4);
    expect(toNumbers((await session.run({ feeds: { a: x, b: x }, transfer, fetch: ["sum"] })).outputs.sum)).toEqual([
      8,
    ]);
    const feeds = { a: part(0), b: part(1) };
    expect(toNumbers((await session.run({ feeds, transfer, fetch: ["sum"] })).outputs.sum)).toEqual([3]);
    expect([...shared]).toEqual([1, 2]);
  });

  testRuntime("what is disposed refuses calls; disposing twice does nothing", async (runtime) => {
    const [first, second] = [
      await runtime.load(addModel(), { threads: 1 }),
      await runtime.load(addModel(), { threads: 1 }),
    ];
    const request = { feeds: { a: vector(1), b: vector(2) }, fetch: ["sum"] };
    await first.dispose();
    await first.dispose();
    expect(await refusal(first.run(request))).toMatch(/disposed/);
    expect(toNumbers((await second.run(request)).outputs.sum)).toEqual([3]);
    await runtime.dispose();
    await runtime.dispose();
    expect(await refusal(second.run(request))).toMatch(/disposed/);
    expect(await refusal(runtime.put("x", vector(1)))).toMatch(/disposed/);
  });

  testRuntime("two runtimes side by side give bit-identical results, smallest numbers included", async (runtime) => {
    if (runtime.capabilities.bits === "varying") return;
    const other = makeRuntime();
    try {
      const results = await Promise.all([chaos(runtime), chaos(other)]);
      expect(results[0]).toEqual(results[1]);
    } finally {
      await other.dispose();
    }
  });
}

/** One run of `loopModel` in which the resident state doubles once a step, as long as the matrix is the identity. */
function doubling(steps: number): Parameters<Session["run"]>[0] {
  return {
    feeds: { steps: scalar("int64", steps), gain: scalar("float32", 1) },
    resident: { state: "weights", matrix: "matrix" },
    keep: { nextState: "weights" },
    fetch: ["sums"],
  };
}

/** Segments of a program whose state passes through denormal numbers, on two threads: the bytes that it ends with. */
async function chaos(runtime: Runtime): Promise<number[]> {
  const size = 256;
  const session = await runtime.load(loopModel(size), { threads: 2 });
  await runtime.put("matrix", noise(1, size, size));
  const tiny = toNumbers(noise(2, size, 1)).map((number) => number * 1e-38);
  await runtime.put("weights", tensorFrom("float32", [size, 1], tiny));
  const sums: number[] = [];
  for (let segment = 0; segment < 3; segment++) {
    const { outputs } = await session.run({
      ...doubling(20),
      feeds: { steps: scalar("int64", 20), gain: scalar("float32", 0.01) },
    });
    sums.push(...toNumbers(outputs.sums));
  }
  return [...sums, ...toNumbers(await runtime.get("weights"))];
}
