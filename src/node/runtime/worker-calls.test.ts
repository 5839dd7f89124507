// The expected and the unexpected end of a worker.
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { WorkerCalls } from "./worker-calls.js";

test("a worker that dies before it confirms its disposal counts as disposed, and pending calls fail", async () => {
  const { port1, port2 } = new MessageChannel();
  let die = (_: string): void => {};
  const ended = new Promise<string>((resolve) => {
    die = resolve;
  });
  const calls = new WorkerCalls({ port: port1, ended, hold: () => {} });
  const reading = calls.call("get", ["x"]);
  const closing = calls.close();
  die("out of memory");
  await expect(reading).rejects.toThrow("disposed");
  await expect(closing).resolves.toBeUndefined();
  await expect(calls.call("get", ["x"])).rejects.toThrow("disposed");
  port2.close();
});
