// One HTTP transfer into a file: continues where the last one stopped, and gives up on silence.
import type { FileHandle } from "node:fs/promises";
import { EnvironmentError } from "../../../core/errors.js";
import { fileSystemError } from "../../files/atomic-file.js";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The signal with its events. The global name means only what host-free folders may use of it. */
export type Signal = AbortController["signal"];

export interface TransferOptions {
  readonly fetch: Fetch;
  readonly signal?: Signal;
  /** Bytes in the file after each piece, and how many it will have if the server says so. */
  readonly onBytes?: (received: number, total: number | undefined) => void;
  /** Silence before the first answer that means "not reachable". */
  readonly connectTimeoutMs: number;
  /** Silence in the middle of a transfer that means "broken off". */
  readonly stallTimeoutMs: number;
}

/** The network or the server failed; another mirror may do better. */
export class TransferError extends Error {}

/**
 * Appends to `file`, which holds the first bytes already, what is missing of `url`.
 * A server that cannot continue starts over.
 * @param path the file's name, for messages.
 * @param maxBytes the transfer is broken off when the file would grow beyond.
 * @throws TransferError; EnvironmentError when the file cannot be written; the abort reason of `signal`.
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
      // A server that packs or unpacks on the way would make ranges meaningless.
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
    // What the disk refused is not the fault of the network.
    if (cause instanceof TransferError || cause instanceof EnvironmentError) throw cause;
    const reason = watch.silentMs === undefined ? reasonOf(cause) : `no answer within ${watch.silentMs / 1000} s`;
    throw new TransferError(reason, { cause });
  } finally {
    watch.stop();
  }
}

/** Where in the file the body belongs: after the held bytes if the server continues, 0 if it starts over. */
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
  /** The limit that was exceeded, if one was. */
  readonly silentMs: number | undefined;
  /** Starts the clock anew. */
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

/** `fetch` says only "fetch failed"; the reason is its cause. */
function reasonOf(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return code === undefined ? cause.message : `${reasons[code] ?? cause.message} (${code})`;
}
