// The protocol between the benchmark and measured processes: one JSON object per line, one reply to each request.
//
//   bench --- {"do":"describe"} -------------------> child (ours: own-process.ts; PyTorch: pytorch-peer.ts)
//         <-- {"version":..,"settings":[..]} ------
//         --- {"do":"prepare","setting":s} -------->   builds and warms up; the answer is a first timing
//         --- {"do":"time","setting":s,"steps":n} ->
//         <-- {"steps":n,"milliseconds":m} --------
import { EnvironmentError } from "../../../core/errors.js";

export type Question =
  | { readonly do: "describe" }
  | { readonly do: "prepare"; readonly setting: string }
  | { readonly do: "time"; readonly setting: string; readonly steps: number }
  /** Ours only: one whole epoch; the resident memory. */
  | { readonly do: "epoch" }
  | { readonly do: "memory" };

/** The fields depend on the request. */
export interface Answer {
  readonly version?: string;
  readonly settings?: readonly string[];
  readonly remarks?: readonly string[];
  readonly steps?: number;
  readonly milliseconds?: number;
  readonly insideMilliseconds?: number;
  readonly threads?: number;
  readonly bytes?: number;
  /** The request failed; the process continues. */
  readonly error?: string;
}

/**
 * Reads one line of a child's output; undefined for a line that is not a reply (output of a library).
 * @throws EnvironmentError if the reply is an error.
 */
export function readAnswer(who: string, line: string): Answer | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  let answer: Answer;
  try {
    answer = JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
  if (answer.error !== undefined) throw new EnvironmentError(lastLine(answer.error), { where: `bench > ${who}` });
  return answer;
}

/** Milliseconds per step. @throws EnvironmentError if the reply contains no timing. */
export function stepMilliseconds(who: string, { steps, milliseconds }: Answer): number {
  const perStep = (milliseconds ?? Number.NaN) / (steps ?? Number.NaN);
  if (Number.isFinite(perStep) && perStep > 0) return perStep;
  throw new EnvironmentError("answered without a time", { where: `bench > ${who}` });
}

/** The most informative line of a message or traceback. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
