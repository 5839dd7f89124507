// Reads models on disk for accounting, piece by piece, without their weights.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { CorruptFileError } from "../core/errors.js";
import { type InspectionOptions, inspectSubject } from "../inspect/inspect.js";
import type { Inspection } from "../inspect/inspection.js";
import { type ModelSource, type OnnxSubjectOptions, onnxSubject } from "../inspect/subject/onnx-subject.js";
import type { Subject } from "../inspect/subject/subject.js";
import { withoutWaiting } from "./data/read-file.js";
import { checkKind, pathBeside, readError } from "./model-file.js";

/**
 * What the model in an ONNX file costs and sees: `inspectFile("resnet18.onnx", { batchSize: 8 })`.
 * @throws InvalidInputError if the file does not exist, CorruptFileError for damage, EnvironmentError if it cannot be
 * read.
 */
export function inspectFile(path: string, options: OnnxSubjectOptions & InspectionOptions = {}): Inspection {
  return inspectSubject(onnxFileSubject(path, options), options);
}

/**
 * An ONNX file of any size as a subject; little more than its structure is read.
 * @throws InvalidInputError if the file does not exist, CorruptFileError for damage, EnvironmentError if it cannot be
 * read.
 */
export function onnxFileSubject(path: string, options: OnnxSubjectOptions = {}): Subject {
  const files = new OpenFiles(path);
  const { storedValue, ...subject } = files.whileOpen(() => onnxSubject(files.source(), path, options));
  if (storedValue === undefined) return subject;
  return { ...subject, storedValue: (tensor, seed) => files.whileOpen(() => storedValue(tensor, seed)) };
}

interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
}

/** The model and the files beside it, each opened at most once at a time. */
class OpenFiles {
  readonly #path: string;
  readonly #beside = new Map<string, OpenFile>();
  #model: OpenFile | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  source(): ModelSource {
    return {
      size: this.#modelFile().size,
      readAt: (offset, length) => readPart(this.#path, this.#modelFile(), offset, length),
      readBeside: (location, offset, length) => {
        const path = join(dirname(this.#path), location);
        const known = this.#beside.get(location);
        const remedy = `${this.#path} keeps values there. Put both files into one folder`;
        const file = known ?? opened(path, () => pathBeside(this.#path, location), remedy);
        this.#beside.set(location, file);
        return readPart(path, file, offset, length);
      },
    };
  }

  #modelFile(): OpenFile {
    this.#model ??= opened(this.#path, () => this.#path, "Check the path");
    return this.#model;
  }

  /** Afterwards closes all files that `read` opened; they are reopened on demand. */
  whileOpen<T>(read: () => T): T {
    try {
      return read();
    } finally {
      for (const file of [this.#model, ...this.#beside.values()]) if (file !== undefined) closeSync(file.descriptor);
      this.#model = undefined;
      this.#beside.clear();
    }
  }
}

function opened(path: string, resolve: () => string, remedy: string): OpenFile {
  try {
    const descriptor = openSync(resolve(), withoutWaiting);
    const status = fstatSync(descriptor);
    if (!status.isFile()) closeSync(descriptor);
    checkKind(path, status);
    return { descriptor, size: status.size };
  } catch (cause) {
    throw readError(path, cause, remedy);
  }
}

function readPart(path: string, { descriptor, size }: OpenFile, offset: number, length: number): Uint8Array {
  if (offset < 0 || offset + length > size) {
    throw new CorruptFileError("the file ends too early", {
      where: path,
      expected: `at least ${offset + length} bytes`,
      received: `${size}`,
    });
  }
  const bytes = new Uint8Array(length);
  try {
    // One call reads at most 2 GiB, and may read less than requested.
    for (let done = 0; done < length; ) {
      const count = readSync(descriptor, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
      if (count === 0) throw new CorruptFileError("the file ends too early", { where: path });
      done += count;
    }
  } catch (cause) {
    throw readError(path, cause);
  }
  return bytes;
}
