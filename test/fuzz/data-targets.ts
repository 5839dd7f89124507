// Readers of examples: tables, images, archives from other tools, the files of a published set.
import { deflateSync } from "node:zlib";
import { zipSync } from "fflate";
import jpeg from "jpeg-js";
import { crc32 } from "../../src/core/formats/crc32.js";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { readCsvExamples } from "../../src/data/formats/csv-table.js";
import { writeIdx } from "../../src/data/formats/idx.js";
import { decodeImage } from "../../src/data/formats/image-file.js";
import { writeNpy } from "../../src/data/formats/npy.js";
import { npzNames, readNpz } from "../../src/data/formats/npz.js";
import { idxImageFiles, parseIdxImages } from "../../src/data/published/idx-images.js";
import { localData } from "../../src/data/source.js";
import { ImageCollector } from "../../src/data/user/image-set.js";
import { userDataset } from "../../src/data/user/user-dataset.js";
import type { FuzzTarget } from "./reading.js";

const where = "file";
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

export const tables: readonly Uint8Array[] = [
  text("a,b,label\n1,2.5,cat\n-3e2,.5,dog\n7,8,cat\n"),
  text('\uFEFF"a";"b ""x""";target\r\n1;2;0\r\n3;4;1\r\n'),
  text("x\ty\n0.25\t3.5\n1\t-4\n"),
];

function readTable(bytes: Uint8Array): void {
  userDataset({
    identify: (fingerprint) => localData(where, fingerprint),
    train: readCsvExamples(bytes, where),
    hash: () => "0".repeat(16),
  });
}

function chunk(kind: string, body: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(kind), body, Buffer.alloc(4)]);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

interface PngForm {
  readonly depth: number;
  readonly color: number;
  readonly bits: number;
  readonly isInterlaced?: boolean;
}

/** An image of 5 x 4 pixels with `bits` bits each. An interlaced image is padded with rows of zeros. */
function png({ depth, color, bits, isInterlaced = false }: PngForm): Uint8Array {
  const header = Buffer.from([0, 0, 0, 5, 0, 0, 0, 4, depth, color, 0, 0, isInterlaced ? 1 : 0]);
  const row = 1 + Math.ceil((5 * bits) / 8);
  // Each row uses another filter.
  const rows = Uint8Array.from({ length: 4 * row }, (_, i) => (i % row === 0 ? i / row : i * 37));
  const pixels = deflateSync(isInterlaced ? Buffer.alloc(4 * row + 40) : rows);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
      chunk("IHDR", header),
      ...(color === 3 ? [chunk("PLTE", Buffer.alloc(48, 9))] : []),
      chunk("IDAT", pixels),
      chunk("IEND", Buffer.alloc(0)),
    ]),
  );
}

export const pngs: readonly Uint8Array[] = [
  png({ depth: 8, color: 0, bits: 8 }),
  png({ depth: 8, color: 2, bits: 24 }),
  png({ depth: 16, color: 6, bits: 64 }),
  png({ depth: 2, color: 3, bits: 2 }),
  png({ depth: 1, color: 0, bits: 1 }),
  png({ depth: 8, color: 2, bits: 24, isInterlaced: true }),
];

/** Noise in color; the encoder writes one frame and one scan. */
function jpegOf(width: number, height: number, quality: number): Uint8Array {
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i * i * 31) >> 3);
  return new Uint8Array(jpeg.encode({ width, height, data }, quality).data);
}

/** The same image marked as progressive, which takes another path through the decoder. */
function asProgressive(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.findIndex((byte, i) => byte === 0xff && copy[i + 1] === 0xc0) + 1] = 0xc2;
  return copy;
}

export const jpegs: readonly Uint8Array[] = [jpegOf(16, 8, 90), jpegOf(9, 17, 30)];

function readPicture(bytes: Uint8Array): void {
  const image = decodeImage(bytes, where);
  for (const size of [undefined, { height: 8, width: 8 }]) {
    const collector = new ImageCollector(where, 1, size, 100_000_000);
    collector.add(image, "class", where);
    collector.examples();
  }
}

/** Contents of archives from other tools: folders, comments, extra fields, names beyond ASCII, other types. */
function foreignArchives(): Uint8Array[] {
  const x = writeNpy(tensorFrom("float32", [2, 2], [1, 2, 3, 4]));
  const dictionary = "{'descr': [('a', '<f4'), ('b', '<i8', (2,))], 'fortran_order': False, 'shape': (1,), }\n";
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, dictionary.length, 0]);
  const structured = new Uint8Array(Buffer.concat([head, Buffer.from(dictionary), Buffer.alloc(20)]));
  const stored = { "folder/": new Uint8Array(0), "x.npy": x, "größe.npy": x, "readme.txt": text("none") };
  const wide = zipSync({ "x.npy": [x, { extra: { 1: new Uint8Array(16).fill(255) } }] }, { comment: "made elsewhere" });
  return [zipSync(stored, { level: 0 }), zipSync({ "x.npy": x, "s.npy": structured }), wide, asZip64(wide)];
}

/** Sizes that refer to an extra field, as in archives of more than 4 GB. */
function asZip64(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const record = copy.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  copy.fill(255, record + 20, record + 28);
  return new Uint8Array(copy);
}

function readArchive(bytes: Uint8Array): void {
  const maxBytes = 4_000_000;
  for (const name of npzNames(bytes, where, maxBytes)) readNpz(bytes, where, { names: [name], maxBytes });
}

const isReadable = (bytes: Uint8Array): boolean => {
  try {
    readArchive(bytes);
    return true;
  } catch {
    return false;
  }
};

const images = writeIdx({ dtype: "uint8", shape: [3, 4, 4], data: new Uint8Array(48).fill(7) });
const labels = writeIdx({ dtype: "uint8", shape: [3], data: Uint8Array.of(0, 1, 2) });

/** One file is damaged, the others are intact. */
function readImageSet(bytes: Uint8Array): void {
  const whole: [string, Uint8Array][] = [
    [idxImageFiles.trainImages, images],
    [idxImageFiles.trainLabels, labels],
    [idxImageFiles.testImages, images],
    [idxImageFiles.testLabels, labels],
  ];
  const damaged = bytes[3] === 1 ? idxImageFiles.trainLabels : idxImageFiles.trainImages;
  parseIdxImages(new Map(whole).set(damaged, bytes), 4, 3);
}

const archives = foreignArchives();

export const dataTargets: readonly FuzzTarget[] = [
  { name: "CSV", files: tables, read: readTable, refusedAtLeast: 0.15 },
  // The maximum ratio of deflate, and memory for pixels of one bit that become bytes.
  { name: "PNG", files: pngs, read: readPicture, expansion: 1032 * 32 },
  // A block of 64 pixels takes at least one bit, and the decoder needs 20 bytes per pixel.
  { name: "JPEG", files: jpegs, read: readPicture, expansion: 512 * 40, refusedAtLeast: 0.1 },
  {
    name: "JPEG, progressive",
    files: jpegs.map(asProgressive),
    read: readPicture,
    expansion: 512 * 40,
    refusedAtLeast: 0.1,
  },
  { name: "archives of other writers", files: archives.filter(isReadable), read: readArchive, expansion: 3000 },
  {
    name: "archives that are refused",
    files: archives.filter((bytes) => !isReadable(bytes)),
    isRefused: true,
    read: readArchive,
    expansion: 3000,
  },
  { name: "image sets", files: [images, labels], read: readImageSet },
];
