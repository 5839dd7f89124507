// What must hold of every reader, whatever the bytes: a value or a TrainscopeError, in one line, within bounded memory.
import { TrainscopeError } from "../../src/core/errors.js";
import { beat } from "./watchdog.js";

/** A reader with valid files to start from. `read` may look further into what it has read. */
export interface FuzzTarget {
  readonly name: string;
  readonly files: readonly Uint8Array[];
  readonly read: (bytes: Uint8Array) => unknown;
  /** Bytes that may be taken for one byte of the file; a bound on what is allocated before an error. Default 64. */
  readonly expansion?: number;
  /** The share of damaged files that must be refused: else the damage is none. Default a quarter. */
  readonly refusedAtLeast?: number;
  /** The files themselves are refused. */
  readonly isRefused?: boolean;
}

/** Taken by anything: buffers of parsers, arrays of a few kilobytes, garbage of the test itself. */
const baseBytes = 32_000_000;

/** Reads; throws unless the reader kept its promise. */
export function checkReading(
  { read, expansion = 64 }: Pick<FuzzTarget, "read" | "expansion">,
  bytes: Uint8Array,
): "read" | "refused" {
  beat();
  const before = memory();
  let outcome: "read" | "refused" = "read";
  try {
    read(bytes);
  } catch (error) {
    checkError(error, bytes.length);
    outcome = "refused";
  }
  const taken = memory() - before;
  const allowed = baseBytes + expansion * bytes.length;
  if (taken > allowed) throw new Error(`${taken} bytes taken for a file of ${bytes.length}`);
  return outcome;
}

/** The same promise of work that goes on by itself: `work` ends, or with a TrainscopeError. */
export async function checkWork(work: () => Promise<unknown>, allowedBytes = baseBytes): Promise<"done" | "refused"> {
  beat();
  const before = memory();
  let outcome: "done" | "refused" = "done";
  try {
    await work();
  } catch (error) {
    checkError(error, longestMessage);
    outcome = "refused";
  }
  const taken = memory() - before;
  if (taken > allowedBytes) throw new Error(`${taken} bytes taken`);
  return outcome;
}

/** Buffers and objects. A collection in between only lowers it: what is asked for at once stays visible. */
function memory(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Beyond it only lists of what is in the file. */
const longestMessage = 2000;

/** Throws unless an error is one of ours, and a sentence that a terminal can print. */
export function checkError(error: unknown, fileBytes = 0): void {
  if (!(error instanceof TrainscopeError)) throw new Error("not a TrainscopeError", { cause: error });
  const { message } = error;
  if (message.length > longestMessage + 4 * fileBytes)
    throw new Error(`a message of ${message.length} letters: ${message.slice(0, 300)}`);
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(message))
    throw new Error(`letters that a terminal obeys: ${JSON.stringify(message.slice(0, 300))}`);
}
