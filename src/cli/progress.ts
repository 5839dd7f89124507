// The progress of a long job: a bar on a terminal, occasional plain lines elsewhere, nothing if quiet.
import { SingleBar } from "cli-progress";
import { formatDuration, formatNumber, formatRate } from "./output.js";
import type { Terminal } from "./terminal.js";

export interface Progress {
  /** Sets the completed part of the total, and the newest loss. */
  update(done: number, current?: { readonly loss?: number; readonly label?: string }): void;
  /** Changes the total, once it is known. */
  setTotal(total: number): void;
  /** A line that stays, above the bar: the end of an epoch or of a trial. */
  line(text: string): void;
  /** Removes the bar. Lines of `line` stay. */
  stop(): void;
}

export interface ProgressOptions {
  readonly terminal: Terminal;
  readonly total: number;
  /** The unit of the count: `steps`. */
  readonly unit: string;
  /** The name of the job: `train lenet5`. */
  readonly label: string;
  readonly quiet?: boolean;
  /** The count at the start, so that a resumed job shows its own rate. */
  readonly done?: number;
  /** Time between two plain lines. */
  readonly everyMs?: number;
  readonly nowMs?: () => number;
}

export function startProgress(options: ProgressOptions): Progress {
  if (options.quiet === true) return silent;
  return options.terminal.isInteractive ? barProgress(options) : lineProgress(options);
}

const silent: Progress = {
  update: () => undefined,
  setTotal: () => undefined,
  line: () => undefined,
  stop: () => undefined,
};

/** Steps per second since the start, and the remaining time at this rate. */
class Pace {
  readonly #startMs: number;
  readonly #startDone: number;
  constructor(startMs: number, startDone: number) {
    this.#startMs = startMs;
    this.#startDone = startDone;
  }
  at(nowMs: number, done: number, total: number): { rate: string; left: string } {
    const perSecond = (1000 * (done - this.#startDone)) / Math.max(1, nowMs - this.#startMs);
    if (perSecond <= 0) return { rate: "-", left: "unknown" };
    return {
      rate: formatRate(perSecond),
      left: formatDuration((total - done) / perSecond),
    };
  }
}

function barProgress({
  terminal,
  unit,
  label,
  done = 0,
  nowMs = () => performance.now(),
  ...options
}: ProgressOptions): Progress {
  const state = { done, total: options.total, label, loss: "" };
  const pace = new Pace(nowMs(), done);
  const bar = new SingleBar({
    stream: terminal.errorStream,
    format: `{label} {bar} {percentage}% | {value}/{total} ${unit} | {rate} ${unit}/s | {left} left{loss}`,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    fps: 8,
  });
  const payload = () => ({ label: state.label, loss: state.loss, ...pace.at(nowMs(), state.done, state.total) });
  bar.start(state.total, done, payload());
  return {
    update(now, { loss, label: newLabel } = {}) {
      state.done = now;
      if (loss !== undefined) state.loss = ` | loss ${formatNumber(loss)}`;
      if (newLabel !== undefined) state.label = newLabel;
      bar.update(now, payload());
    },
    setTotal(total) {
      state.total = total;
      bar.setTotal(total);
    },
    line(text) {
      bar.stop();
      terminal.writeError(`${text}\n`);
      bar.start(state.total, state.done, payload());
    },
    stop: () => bar.stop(),
  };
}

function lineProgress({
  terminal,
  unit,
  label,
  done = 0,
  everyMs = 5000,
  nowMs = () => performance.now(),
  ...options
}: ProgressOptions): Progress {
  const state = { total: options.total, label, saidMs: nowMs() };
  const pace = new Pace(nowMs(), done);
  return {
    update(now, { loss, label: newLabel } = {}) {
      if (newLabel !== undefined) state.label = newLabel;
      if (nowMs() - state.saidMs < everyMs) return;
      state.saidMs = nowMs();
      const { rate, left } = pace.at(nowMs(), now, state.total);
      const percent = Math.floor((100 * now) / Math.max(1, state.total));
      const counts = `${formatNumber(now)} of ${formatNumber(state.total)} ${unit} (${percent} %)`;
      const lossText = loss === undefined ? "" : `, loss ${formatNumber(loss)}`;
      terminal.writeError(`${state.label}: ${counts}, ${rate} ${unit}/s, ${left} left${lossText}\n`);
    },
    setTotal(total) {
      state.total = total;
    },
    line(text) {
      state.saidMs = nowMs();
      terminal.writeError(`${text}\n`);
    },
    stop: () => undefined,
  };
}
