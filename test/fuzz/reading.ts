// The contract of every reader: for any bytes, a value or a one-line TrainscopeError, within bounded memory.
import { TrainscopeError } from "../../src/core/errors.js";
import { beat } from "./watchdog.js";

/** A reader with valid files to start from. `read` may also use the value that it has read. */
export interface FuzzTarget {
  readonly name: string;
  readonly files: readonly Uint8Array[];
  readonly read: (bytes: Uint8Array) => unknown;
  /** Memory in bytes per byte of the file; bounds the allocation before an error. Default 64. */
  readonly expansion?: number;
  /** Fraction of damaged files that must be refused; otherwise the damage has no effect. Default a quarter. */
  readonly refusedAtLeast?: number;
  /** Whether the undamaged files are refused too. */
  readonly isRefused?: boolean;
}

/** Fixed allowance for parser buffers, arrays of a few kilobytes and garbage of the test itself. */
const baseBytes = 32_000_000;

/** Reads; throws if the reader breaks its contract. */
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

/** The same contract for asynchronous work: `work` completes or fails with a TrainscopeError. */
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

/** Memory of buffers and objects. Garbage collection in between only lowers it; large single allocations stay visible. */
function memory(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Longer messages may only list contents of the file. */
const longestMessage = 2000;

/** Throws unless the error is a TrainscopeError whose message is one printable line. */
export function checkError(error: unknown, fileBytes = 0): void {
  if (!(error instanceof TrainscopeError)) throw new Error("not a TrainscopeError", { cause: error });
  const { message } = error;
  if (message.length > longestMessage + 4 * fileBytes)
    throw new Error(`a message of ${message.length} letters: ${message.slice(0, 300)}`);
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(message))
    throw new Error(`letters that a terminal obeys: ${JSON.stringify(message.slice(0, 300))}`);
}
