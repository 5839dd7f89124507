// Downloads files of data sets. Downloads are resumable and bounded, and files get their final name after verification.
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { CorruptFileError, EnvironmentError, InterruptedError } from "../../../core/errors.js";
import {
  type DatasetDefinition,
  type Download,
  downloadsFor,
  type PublishedFile,
} from "../../../data/published/definition.js";
import { fileSystemError, writeFileAtomic } from "../../files/atomic-file.js";
import { claimPart, type PartFile } from "./part-file.js";
import { readVerifiedDownload } from "./read-verified.js";
import { type Fetch, receive, type Signal, TransferError } from "./transfer.js";

export interface DownloadProgress {
  readonly dataset: string;
  readonly file: string;
  readonly url: string;
  /** Bytes of the whole download: all files, including bytes from an earlier attempt. */
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** The global `fetch` by default. */
  readonly fetch?: Fetch;
  /** Silence after which a mirror counts as unreachable; 3,000 by default, so that offline machines start fast. */
  readonly connectTimeoutMs?: number;
  /** Silence after which a transfer counts as broken; 30,000 by default. */
  readonly stallTimeoutMs?: number;
}

/** No mirror delivered a file. */
export class UnreachableError extends Error {
  /** One line per mirror: address and reason. */
  readonly attempts: readonly string[];
  constructor(attempts: readonly string[]) {
    super(attempts.join("; "));
    this.attempts = attempts;
  }
}

/** Allowance above the published size, for mirrors that use another compression. */
const slackBytes = 1_048_576;

/**
 * Downloads files into a folder, which is created, and stores them uncompressed, since they are read at every start.
 * Stops at the first file that no mirror delivers.
 * @returns the verified bytes by name.
 * @throws UnreachableError; EnvironmentError if the folder cannot be written; InterruptedError.
 */
export async function downloadFiles(
  definition: DatasetDefinition,
  files: readonly PublishedFile[],
  folder: string,
  options: DownloadOptions,
): Promise<Map<string, Uint8Array>> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw cannotKeep(definition, fileSystemError(folder, "create", cause));
  }
  const downloads = downloadsFor(definition, files);
  const run = new DownloadRun(definition, downloads, folder, options);
  const received = new Map<string, Uint8Array>();
  for (const download of downloads) {
    for (const [name, bytes] of await run.download(download)) received.set(name, bytes);
  }
  return received;
}

/** The state of one call: the mirror that answered, and the progress of the whole download. */
class DownloadRun {
  readonly #definition: DatasetDefinition;
  readonly #folder: string;
  readonly #options: DownloadOptions;
  readonly #totalBytes: number;
  #mirrors: readonly string[];
  #doneBytes = 0;

  constructor(definition: DatasetDefinition, downloads: readonly Download[], folder: string, options: DownloadOptions) {
    this.#definition = definition;
    this.#folder = folder;
    this.#options = options;
    this.#mirrors = definition.mirrors;
    this.#totalBytes = downloads.reduce((sum, { packedBytes }) => sum + packedBytes, 0);
  }

  async download(download: Download): Promise<ReadonlyMap<string, Uint8Array>> {
    let part: PartFile | undefined;
    let keep = true;
    try {
      part = await claimPart(this.#folder, download.name);
      const files = await this.#fromAnyMirror(download, part.path);
      for (const [name, bytes] of files) await writeFileAtomic(join(this.#folder, name), bytes);
      keep = false;
      this.#doneBytes += download.packedBytes;
      return files;
    } catch (cause) {
      if (this.#options.signal?.aborted) {
        throw new InterruptedError(
          `download of ${this.#definition.title}`,
          "Run it again: it goes on where it stopped",
        );
      }
      throw cause instanceof EnvironmentError ? cannotKeep(this.#definition, cause) : cause;
    } finally {
      await part?.release({ keep }).catch(() => undefined);
    }
  }

  async #fromAnyMirror(download: Download, path: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const attempts: string[] = [];
    for (const mirror of this.#mirrors) {
      const url = `${mirror}${download.name}`;
      const result = await this.#fromMirror(url, download, path);
      if (typeof result !== "string") {
        this.#mirrors = [mirror, ...this.#mirrors.filter((other) => other !== mirror)];
        return result;
      }
      attempts.push(`${new URL(url).host}: ${result}`);
    }
    throw new UnreachableError(attempts);
  }

  /** The verified files, or the reason for the failure. */
  async #fromMirror(url: string, download: Download, path: string): Promise<ReadonlyMap<string, Uint8Array> | string> {
    // Bytes of an earlier attempt may be wrong; the second attempt then starts at the first byte.
    for (let attempt = 0; attempt < 2; attempt++) {
      const held = await this.#transfer(url, download, path);
      if (typeof held === "string") return held;
      try {
        return await readVerifiedDownload(path, download, this.#definition.archive !== undefined, "Run it again");
      } catch (cause) {
        if (!(cause instanceof CorruptFileError)) throw cause;
      }
      await rm(path, { force: true });
      if (held === 0) break;
    }
    return "the file there is not the published one (SHA-256)";
  }

  /** Bytes that existed before the transfer, or the reason for its failure. */
  async #transfer(url: string, download: Download, path: string): Promise<number | string> {
    const handle = await openForUpdate(path);
    try {
      const held = (await handle.stat()).size;
      if (held === download.packedBytes) return held;
      await receive(url, handle, path, download.packedBytes + slackBytes, {
        fetch: this.#options.fetch ?? fetch,
        connectTimeoutMs: this.#options.connectTimeoutMs ?? 3000,
        stallTimeoutMs: this.#options.stallTimeoutMs ?? 30_000,
        ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal as Signal }),
        onBytes: (received) => this.#report(download, url, received),
      });
      return held;
    } catch (cause) {
      if (cause instanceof TransferError) return cause.message;
      throw cause;
    } finally {
      await handle.close();
    }
  }

  #report(download: Download, url: string, received: number): void {
    this.#options.onProgress?.({
      dataset: this.#definition.id,
      file: download.name.replace(/\.gz$/, ""),
      url,
      receivedBytes: Math.min(this.#totalBytes, this.#doneBytes + received),
      totalBytes: this.#totalBytes,
    });
  }
}

/** Opens for reading and writing at any position. Creates a missing file and keeps the contents of an existing one. */
async function openForUpdate(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT);
  } catch (cause) {
    throw fileSystemError(path, "write", cause);
  }
}

function cannotKeep(definition: DatasetDefinition, cause: EnvironmentError): EnvironmentError {
  const packed = definition.archive?.packedBytes ?? 0;
  const megabytes = Math.ceil(
    definition.files.reduce((sum, file) => sum + file.bytes + file.packedBytes, packed) / 1e6,
  );
  return new EnvironmentError(`cannot keep the download (${cause.message})`, {
    where: `data set "${definition.id}"`,
    remedy:
      `It needs ${megabytes} MB in a folder that you may write: ` +
      `trainscope data get ${definition.id} --data-dir <folder>, then TRAINSCOPE_DATA=<folder>`,
    cause,
  });
}
