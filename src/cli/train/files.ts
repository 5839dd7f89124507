// Files that `trainscope train` reads and writes: the model, checkpoints, the trained network.
import { access, constants, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { EnvironmentError, InvalidInputError, MissingDataError, TrainscopeError } from "../../core/errors.js";
import { readSafetensors } from "../../core/formats/safetensors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { LayerSpec } from "../../nn/layer.js";
import { readUserFile } from "../../node/data/read-file.js";
import { fileSystemError, removeStaleTemporaryFiles, writeFileAtomic } from "../../node/files/atomic-file.js";

/** Larger than any spec that a person or program would write; the limits guard memory and stack. */
const specBytes = 4_000_000;
const specDepth = 64;

/** Checkpoints hold a few copies of the parameters; what is larger than this cannot be loaded anyway. */
const stateBytes = 4_000_000_000;

/** A JSON model spec. */
export async function readModelSpec(path: string): Promise<LayerSpec> {
  const text = new TextDecoder().decode(await readLimited(path, specBytes));
  checkDepth(path, text);
  try {
    return JSON.parse(text) as LayerSpec;
  } catch (cause) {
    throw new InvalidInputError("not a JSON file", {
      where: path,
      // It may quote the file, line breaks and all.
      received: String(cause instanceof Error ? cause.message : cause).replace(/\s+/g, " "),
      cause,
    });
  }
}

/** Specs are read by functions that call themselves, so that a deep one would exhaust the stack. */
function checkDepth(where: string, text: string): void {
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const mark = text[i];
    if (mark === '"') isQuoted = !isQuoted;
    else if (isQuoted) i += mark === "\\" ? 1 : 0;
    else if (mark === "[" || mark === "{") depth++;
    else if (mark === "]" || mark === "}") depth--;
    if (depth <= specDepth) continue;
    throw new InvalidInputError("nested too deeply", {
      where,
      expected: `at most ${specDepth} levels of brackets`,
      received: "more",
      remedy: "A sequential inside a sequential can be written as one",
    });
  }
}

export async function readState(path: string): Promise<Uint8Array> {
  return readLimited(path, stateBytes);
}

/** Tensors by name. @throws CorruptFileError | EnvironmentError. */
export async function readWeights(path: string): Promise<ReadonlyMap<string, TensorData>> {
  return readSafetensors(await readLimited(path, stateBytes), path).tensors;
}

/**
 * A whole file, if it is no larger than `limit` bytes.
 * @throws InvalidInputError when there is none, and for folders and devices; CorruptFileError; EnvironmentError.
 */
export async function readLimited(path: string, limit: number): Promise<Uint8Array> {
  try {
    return await readUserFile(path, limit);
  } catch (cause) {
    // Its argument names the file: a wrong one is wrong usage, not data that is missing.
    if (!(cause instanceof MissingDataError)) throw cause;
    throw new InvalidInputError("no such file", { where: path, remedy: "Check the path", cause });
  }
}

/** Finds out before hours of training whether a result can be written, and clears away what killed runs left. */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  try {
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw fileSystemError(path, "write", cause);
  }
  const entry = await stat(path).catch(() => undefined);
  // A device (/dev/null) would be replaced by a file: results are renamed into place.
  if (entry !== undefined && !entry.isFile()) {
    throw new InvalidInputError(entry.isDirectory() ? "is a folder" : "is not an ordinary file", {
      where: path,
      expected: "a file to write",
      remedy: "Name a file in a folder",
    });
  }
  await removeStaleTemporaryFiles(folder);
}

/**
 * Writes what a training ends with. Where that fails the work of hours must not be lost: it then goes into the folder
 * for temporary files, and the error says so.
 */
export async function writeResult(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFileAtomic(path, bytes);
  } catch (cause) {
    const refuge = join(tmpdir(), `trainscope-${process.pid}-${basename(path)}`);
    const isSaved = await writeFileAtomic(refuge, bytes).then(
      () => true,
      () => false,
    );
    if (!isSaved || !(cause instanceof TrainscopeError)) throw cause;
    throw new EnvironmentError(`could not be written, and is in ${refuge} instead`, {
      where: path,
      remedy: `The reason: ${cause.message}`,
      cause,
    });
  }
}

/** The file of `--save-state`: a failure on the way is a remark, since the next checkpoint may succeed. */
export class StateFile {
  readonly #path: string;
  readonly #onRemark: (remark: string) => void;
  #last: Uint8Array | undefined;
  #failed = false;
  #hasRemarked = false;

  constructor(path: string, onRemark: (remark: string) => void) {
    this.#path = path;
    this.#onRemark = onRemark;
  }

  async save(bytes: Uint8Array): Promise<void> {
    this.#last = bytes;
    try {
      await writeFileAtomic(this.#path, bytes);
      this.#failed = false;
    } catch (cause) {
      this.#failed = true;
      if (this.#hasRemarked) return;
      this.#hasRemarked = true;
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#onRemark(`training goes on, but a checkpoint was not saved: ${reason}`);
    }
  }

  /** Makes sure that the last checkpoint is on the disk. @throws EnvironmentError when it cannot be. */
  async finish(): Promise<void> {
    if (this.#failed && this.#last !== undefined) await writeResult(this.#path, this.#last);
  }
}
