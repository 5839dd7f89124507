// Reads files of data sets, compressed or not, and accepts only the published bytes.
import { open } from "node:fs/promises";
import { posix } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress, gunzip } from "node:zlib";
import { CorruptFileError, TrainscopeError } from "../../../core/errors.js";
import { unpackImages } from "../../../data/formats/image-packing.js";
import { readTar } from "../../../data/formats/tar.js";
import type { DatasetFile, Download, SampleFile } from "../../../data/published/definition.js";
import { datasetTable } from "../../../data/published/index.js";
import { fileSystemError } from "../../files/atomic-file.js";
import { sha256Natively } from "../../files/sha256.js";
import { notAFile, withoutWaiting } from "../read-file.js";

/** Allowance for a compressed file that is larger than the original: headers, and incompressible blocks. */
const slackBytes = 1_048_576;

/**
 * The uncompressed bytes of a file, which may be compressed with gzip (recognized by its first bytes, not by its name).
 * @param remedy for a damaged file.
 * @throws CorruptFileError unless length and SHA-256 are the published ones; EnvironmentError if it cannot be read.
 */
export async function readVerified(path: string, file: DatasetFile, remedy: string): Promise<Uint8Array> {
  const bytes = await readLimited(path, file, remedy);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return verify(isPacked ? await unpack(promisify(gunzip), bytes, path, file, remedy) : bytes, path, file, remedy);
}

/**
 * The uncompressed bytes of a download by name: a single file, or the wanted members of an archive.
 * @throws as `readVerified`, and CorruptFileError for a damaged archive.
 */
export async function readVerifiedDownload(
  path: string,
  { name, files }: Download,
  isArchive: boolean,
  remedy: string,
): Promise<Map<string, Uint8Array>> {
  if (!isArchive) return new Map([[files[0].name, await readVerified(path, files[0], remedy)]]);
  const whole = { name, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) * 2 + slackBytes };
  const members = readTar(
    await unpack(promisify(gunzip), await readLimited(path, whole, remedy), path, whole, remedy),
    path,
  );
  const byName = new Map([...members].map(([member, bytes]) => [posix.basename(member), bytes]));
  const verified = new Map<string, Uint8Array>();
  for (const file of files) {
    const bytes = byName.get(file.name);
    if (bytes === undefined) throw new CorruptFileError(`the archive has no ${file.name}`, { where: path, remedy });
    verified.set(file.name, verify(bytes, `${path} > ${file.name}`, file, remedy));
  }
  return verified;
}

/** Like `readVerified`, for a file of the embedded samples, compressed with Brotli. */
export async function readVerifiedSample(path: string, file: SampleFile, remedy: string): Promise<Uint8Array> {
  const packed = await readLimited(path, file, remedy);
  const limit = file.isPredicted === true ? { ...file, bytes: file.bytes + slackBytes } : file;
  const bytes = await unpack(promisify(brotliDecompress), packed, path, limit, remedy);
  return verify(file.isPredicted === true ? unpackImages(bytes, path, file.bytes) : bytes, path, file, remedy);
}

async function readLimited(path: string, file: Pick<DatasetFile, "bytes">, remedy: string): Promise<Uint8Array> {
  const limit = file.bytes + slackBytes;
  let size: number;
  try {
    const handle = await open(path, withoutWaiting);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw notAFile(path, status.isDirectory());
      ({ size } = status);
      if (size <= limit) return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof TrainscopeError) throw cause;
    throw fileSystemError(path, "read", cause);
  }
  throw new CorruptFileError("file is too large", {
    where: path,
    expected: `at most ${limit} bytes`,
    received: `${size}`,
    remedy,
  });
}

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

async function unpack(
  decompress: Decompress,
  bytes: Uint8Array,
  where: string,
  file: Pick<DatasetFile, "name" | "bytes">,
  remedy: string,
): Promise<Uint8Array> {
  try {
    // One byte more than expected proves that it is too long.
    return await decompress(bytes, { maxOutputLength: file.bytes + 1 });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const summary =
      code === "Z_BUF_ERROR"
        ? "truncated compressed file"
        : code === "ERR_BUFFER_TOO_LARGE"
          ? `unpacks to more than the ${file.bytes} bytes of ${file.name}`
          : "damaged compressed file";
    throw new CorruptFileError(summary, { where, remedy, cause });
  }
}

function verify(bytes: Uint8Array, where: string, file: DatasetFile, remedy: string): Uint8Array {
  const sha256 = sha256Natively([bytes]);
  if (sha256 === file.sha256) return bytes;
  const owner = Object.values(datasetTable).find(({ files }) => files.some((other) => other.sha256 === sha256));
  if (owner !== undefined) {
    throw new CorruptFileError("file of another data set", {
      where,
      expected: `the ${file.name} that was asked for`,
      received: `that of ${owner.id}`,
      remedy: "Name the folder above it, with one folder for each data set",
    });
  }
  if (bytes.length !== file.bytes) {
    throw new CorruptFileError(bytes.length < file.bytes ? "truncated file" : "file is too long", {
      where,
      expected: `${file.bytes} bytes uncompressed`,
      received: `${bytes.length}`,
      remedy,
    });
  }
  throw new CorruptFileError("damaged file, its checksum is not that of the publisher", {
    where,
    expected: `SHA-256 ${file.sha256}`,
    received: sha256,
    remedy,
  });
}
