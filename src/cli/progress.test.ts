import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { watchInterrupts } from "./interrupt.js";
import { type ProgressOptions, startProgress } from "./progress.js";

/** A job of 1000 steps on a simulated terminal; `drawn` is the bar's output. */
function job(isInteractive: boolean, more: Partial<ProgressOptions> = {}) {
  const errorStream = Object.assign(new PassThrough(), { isTTY: isInteractive, columns: 200 });
  const clock = { nowMs: 0 };
  const said = { lines: "", out: "" };
  const progress = startProgress({
    terminal: {
      write: (text) => {
        said.out += text;
      },
      writeError: (text) => {
        said.lines += text;
      },
      columns: 80,
      tableColumns: 80,
      isInteractive,
      errorStream,
    },
    total: 1000,
    unit: "steps",
    label: "train lenet5",
    nowMs: () => clock.nowMs,
    ...more,
  });
  return { progress, clock, said, drawn: () => String(errorStream.read() ?? "") };
}

test("without a terminal, a plain line is printed at most every five seconds", () => {
  const { progress, clock, said, drawn } = job(false, { done: 100 });
  for (let done = 100; done <= 1000; done += 10) {
    clock.nowMs = (done - 100) * 20;
    progress.update(done, { loss: 1 / done });
  }
  progress.line("epoch 1: loss 0.31, accuracy 90.1 %");
  progress.stop();
  expect(said.lines).toMatchInlineSnapshot(`
    "train lenet5: 350 of 1,000 steps (35 %), 50 steps/s, 13.0 s left, loss 0.002857
    train lenet5: 600 of 1,000 steps (60 %), 50 steps/s, 8.00 s left, loss 0.001667
    train lenet5: 850 of 1,000 steps (85 %), 50 steps/s, 3.00 s left, loss 0.001176
    epoch 1: loss 0.31, accuracy 90.1 %
    "
  `);
  expect([said.out, drawn()]).toEqual(["", ""]);
});

test("on a terminal, a bar shows percentage, rate, remaining time and loss, and lines stay above it", () => {
  const { progress, clock, said, drawn } = job(true);
  clock.nowMs = 2000;
  progress.update(500, { loss: 0.25 });
  progress.line("epoch 1");
  progress.stop();
  expect(drawn()).toContain(
    "train lenet5 ████████████░░░░░░░░░░░░ 50% | 500/1000 steps | 250 steps/s | 2.00 s left | loss 0.25",
  );
  expect([said.lines, said.out]).toEqual(["epoch 1\n", ""]);
});

test("quiet progress prints nothing", () => {
  const { progress, clock, said, drawn } = job(true, { quiet: true });
  clock.nowMs = 1e6;
  progress.update(500);
  progress.line("epoch 1");
  progress.stop();
  expect([said, drawn()]).toEqual([{ lines: "", out: "" }, ""]);
});

test("the first Ctrl-C requests the end, the second ends at once; SIGTERM counts too", () => {
  let stops = 0;
  const source = Object.assign(new EventEmitter(), { stop: () => void stops++ });
  let said = "";
  const { signal, setAnswer, dispose } = watchInterrupts(
    {
      isInteractive: true,
      writeError: (text) => {
        said += text;
      },
    },
    source,
  );
  setAnswer("finishing the report");
  source.emit("SIGTERM");
  expect([signal.aborted, stops]).toEqual([true, 0]);
  expect(said).toBe("\nfinishing the report; press Ctrl-C again to stop at once\n");
  source.emit("SIGINT");
  expect(stops).toBe(1);
  expect(said.endsWith("\u001b[?25h"), "the cursor is shown again").toBe(true);
  dispose();
  expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
});
