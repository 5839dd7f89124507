// Native ONNX Runtime behind the Runtime port: the shared contract, and guarantees of this adapter.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { tensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import { runtimeContract } from "../../train/runtime/runtime-contract.js";
import { addModel, loopModel } from "../../train/runtime/runtime-contract-models.js";
import { nodeRuntime } from "./node-runtime.js";
import { readOrtMessage } from "./ort-errors.js";
import { WorkerCalls } from "./worker-calls.js";

runtimeContract({ test, expect }, () => nodeRuntime({ cores: 2 }));

test("the calling thread continues while a program runs", async () => {
  const runtime = nodeRuntime({ cores: 1 });
  const session = await runtime.load(loopModel(400), { threads: 1 });
  const zeros = (...shape: number[]) => tensorData("float32", shape, new Float32Array(shape[0] * shape[1]));
  const feeds = {
    state: zeros(400, 1),
    matrix: zeros(400, 400),
    gain: tensorFrom("float32", [], [1]),
    steps: tensorFrom("int64", [], [3000]),
  };
  let running = true;
  const run = session.run({ feeds, fetch: ["sums"] }).finally(() => {
    running = false;
  });
  let turns = 0;
  while (running) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await run;
  await runtime.dispose();
  // A blocked thread would complete one or two turns.
  expect(turns).toBeGreaterThan(20);
});

test("denormal numbers are zero in every runtime of the process, on all its threads", async () => {
  const count = 100_000;
  const tiny = tensorData("float32", [count], new Float32Array(count).fill(1e-39));
  for (let i = 0; i < 3; i++) {
    const runtime = nodeRuntime();
    const session = await runtime.load(addModel(), { threads: 2 });
    const { outputs } = await session.run({ feeds: { a: tiny, b: tiny }, fetch: ["sum"] });
    await runtime.dispose();
    const left = (outputs.sum.data as Float32Array).filter((value) => value !== 0).length;
    expect(left).toBe(process.arch === "x64" ? 0 : left === 0 ? 0 : count);
  }
});

test("a dead worker rejects every pending call and reports that the runtime is dead", async () => {
  const { port1, port2 } = new MessageChannel();
  let die: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    die = resolve;
  });
  const held: boolean[] = [];
  const calls = new WorkerCalls({ port: port1, ended, hold: (busy) => held.push(busy) });
  const pending = [calls.call("get", ["a"]), calls.call("remove", ["b"])];
  die("Worker terminated due to reaching memory limit");
  const message =
    "runtime: its worker thread died (Worker terminated due to reaching memory limit), and its sessions and tensors with it. Create a new runtime and resume from the last checkpoint";
  for (const call of pending) await expect(call).rejects.toThrow(message);
  await expect(calls.call("get", ["a"])).rejects.toThrow(message);
  await calls.close();
  expect(held.at(-1)).toBe(false);
  port2.close();
});

test("a fork has its own tensors and is disposed with its runtime", async () => {
  const runtime = nodeRuntime({ cores: 1 });
  const fork = runtime.fork?.(1);
  if (fork === undefined) throw new Error("there is always one more");
  expect(runtime.fork?.(1)).toBe(fork);
  expect(runtime.fork?.(2)).not.toBe(fork);
  await fork.put("x", { dtype: "float32", shape: [1], data: new Float32Array([7]) });
  await expect(runtime.get("x")).rejects.toThrow("unknown resident tensor");
  expect((await fork.get("x")).data[0]).toBe(7);
  await runtime.dispose();
  await expect(fork.get("x")).rejects.toThrow("disposed");
});

test.each(["disposed", "forgotten"])("a process with a %s runtime ends by itself", async (how) => {
  const script = `
    import { nodeRuntime } from "./node-runtime.ts";
    const runtime = nodeRuntime({ cores: 1 });
    await runtime.put("x", { dtype: "float32", shape: [1], data: new Float32Array([7]) });
    console.log((await runtime.get("x")).data[0]);
    ${how === "disposed" ? "await runtime.dispose();" : ""}`;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", script],
    { cwd, timeout: 60_000 },
  );
  expect([stdout, stderr]).toEqual(["7\n", ""]);
});

test("messages of ONNX Runtime are shown without source locations and with the paths of nodes", () => {
  const add =
    "Non-zero status code returned while running Loop node. Name:'train' Status Message: Non-zero status code returned while running Add node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) Attempting to broadcast an axis by a dimension other than 1. 2 by 3\n\n";
  expect(readOrtMessage(add)).toEqual({
    nodes: "train (Loop) > Add",
    text: "Attempting to broadcast an axis by a dimension other than 1. 2 by 3",
  });
  expect(readOrtMessage("matmul_helper.h:59 Compute MatMul dimension mismatch").text).toBe("MatMul dimension mismatch");
  expect(readOrtMessage("").text).toBe("failed without a message");
});
