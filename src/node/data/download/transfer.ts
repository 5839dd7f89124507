// One HTTP transfer into a file: continues where the last one stopped, and gives up after silence.
import type { FileHandle } from "node:fs/promises";
import { EnvironmentError } from "../../../core/errors.js";
import { fileSystemError } from "../../files/atomic-file.js";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The signal with its events. The global type declares only the members that host-free folders may use. */
export type Signal = AbortController["signal"];

export interface TransferOptions {
  readonly fetch: Fetch;
  readonly signal?: Signal;
  /** Bytes in the file after each piece, and its final size if the server reports it. */
  readonly onBytes?: (received: number, total: number | undefined) => void;
  /** Silence before the first answer that counts as "unreachable", in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Silence during a transfer that counts as "broken", in milliseconds. */
  readonly stallTimeoutMs: number;
}

/** A failure of the network or the server; another mirror may succeed. */
export class TransferError extends Error {}

/**
 * Appends the missing bytes of `url` to `file`, which already holds the first bytes.
 * If the server does not support ranges, the transfer starts over.
 * @param path the file's name, for messages.
 * @param maxBytes the transfer fails if the file would exceed this size.
 * @throws TransferError; EnvironmentError if the file cannot be written; the abort reason of `signal`.
 */
export async function receive(
  url: string,
  file: FileHandle,
  path: string,
  maxBytes: number,
  options: TransferOptions,
): Promise<void> {
  const watch = watchSilence(options.signal);
  try {
    const held = (await file.stat()).size;
    watch.expect(options.connectTimeoutMs);
    const response = await options.fetch(url, {
      signal: watch.signal,
      // Compression on the way would make ranges meaningless.
      headers: { "accept-encoding": "identity", ...(held > 0 ? { range: `bytes=${held}-` } : {}) },
    });
    const start = startOfBody(response, held);
    if (start === undefined) throw new TransferError(`HTTP ${response.status} ${response.statusText}`.trimEnd());
    if (start < held) await inFile(path, () => file.truncate(start));
    let position = start;
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    const total = Number.isSafeInteger(length) ? start + length : undefined;
    watch.expect(options.stallTimeoutMs);
    for await (const piece of response.body ?? []) {
      watch.expect(options.stallTimeoutMs);
      if (position + piece.length > maxBytes) throw new TransferError(`the server sends more than ${maxBytes} bytes`);
      await inFile(path, () => file.write(piece, 0, piece.length, position));
      position += piece.length;
      options.onBytes?.(position, total);
      options.signal?.throwIfAborted();
    }
    if (total !== undefined && position < total)
      throw new TransferError(`broken off after ${position} of ${total} bytes`);
  } catch (cause) {
    options.signal?.throwIfAborted();
    // A fault of the disk is not a fault of the network.
    if (cause instanceof TransferError || cause instanceof EnvironmentError) throw cause;
    const reason = watch.silentMs === undefined ? reasonOf(cause) : `no answer within ${watch.silentMs / 1000} s`;
    throw new TransferError(reason, { cause });
  } finally {
    watch.stop();
  }
}

/** The position of the body in the file: after the existing bytes if the server continues, 0 if it starts over. */
function startOfBody(response: Response, held: number): number | undefined {
  if (response.status === 200) return 0;
  if (response.status !== 206) return undefined;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  return range !== null && Number(range[1]) === held ? held : undefined;
}

async function inFile(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    throw fileSystemError(path, "write", cause);
  }
}

interface SilenceWatch {
  readonly signal: Signal;
  /** The limit that was exceeded, if any. */
  readonly silentMs: number | undefined;
  /** Restarts the clock. */
  expect(withinMs: number): void;
  stop(): void;
}

function watchSilence(outer: Signal | undefined): SilenceWatch {
  const controller = new AbortController();
  let silentMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const forward = () => controller.abort(outer?.reason);
  if (outer?.aborted) forward();
  outer?.addEventListener("abort", forward, { once: true });
  return {
    signal: controller.signal,
    get silentMs() {
      return silentMs;
    },
    expect(withinMs) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silentMs = withinMs;
        controller.abort();
      }, withinMs);
    },
    stop() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", forward);
    },
  };
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "the name of the server is not known",
  EAI_AGAIN: "the name of the server cannot be looked up",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  ENETUNREACH: "there is no network",
  EHOSTUNREACH: "the server cannot be reached",
  UND_ERR_SOCKET: "the connection was closed",
};

/** The reason of a failed `fetch`, which is the cause of its generic error "fetch failed". */
function reasonOf(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return code === undefined ? cause.message : `${reasons[code] ?? cause.message} (${code})`;
}
