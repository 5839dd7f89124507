// Decodes possibly hostile PNG and JPEG files into planes of bytes. Sizes are checked before anything is decompressed.
// Formats: PNG (W3C Recommendation, third edition), section 5; JPEG (ITU-T T.81), annex B.
import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from "fast-png";
import { Inflate } from "fflate";
import jpeg from "jpeg-js";
import { CorruptFileError } from "../../core/errors.js";

/** One image. Samples of 16 bits lose their lower byte; transparency is dropped. */
export interface DecodedImage {
  /** 1: gray; 3: red, green, blue. */
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  /** `[channels, height, width]` */
  readonly data: Uint8Array;
}

interface ImageFormat {
  readonly endings: readonly string[];
  readonly isOwn: (bytes: Uint8Array) => boolean;
  readonly decode: (bytes: Uint8Array, where: string) => DecodedImage;
}

/** No training image has more pixels; a decoder takes about 16 bytes per pixel. */
const maxPixels = 32_000_000;
const remedy = "The file is damaged or of another kind: write it again, or leave it out";

const formats: readonly ImageFormat[] = [
  { endings: [".png"], isOwn: (bytes) => bytes[0] === 0x89 && bytes[1] === 0x50, decode: decodePngFile },
  { endings: [".jpg", ".jpeg"], isOwn: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8, decode: decodeJpegFile },
];

/** File endings that `decodeImage` accepts. */
export const imageEndings: readonly string[] = formats.flatMap(({ endings }) => endings);

/**
 * Decodes a file. The first bytes determine the format, not the name.
 * @param where the file, for messages.
 * @throws CorruptFileError for damaged files and for images of more than 32 million pixels.
 */
export function decodeImage(bytes: Uint8Array, where: string): DecodedImage {
  const format = formats.find(({ isOwn }) => isOwn(bytes));
  if (format === undefined) throw new CorruptFileError("neither PNG nor JPEG", { where, remedy });
  try {
    return format.decode(bytes, where);
  } catch (cause) {
    if (cause instanceof CorruptFileError) throw cause;
    throw new CorruptFileError("picture that cannot be decoded", {
      where,
      received: cause instanceof Error ? cause.message.split("\n")[0].slice(0, 120) : String(cause),
      remedy,
      cause,
    });
  }
}

function checkPixels(width: number, height: number, where: string): void {
  if (width > 0 && height > 0 && width * height <= maxPixels) return;
  throw new CorruptFileError("picture of an impossible size", {
    where,
    expected: `at most ${maxPixels} pixels`,
    received: `${width} x ${height}`,
    remedy,
  });
}

/** Chunks that affect pixels. All others may be compressed texts of any size. */
const neededChunks = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);

function decodePngFile(bytes: Uint8Array, where: string): DecodedImage {
  const { file, data } = reducedPng(bytes, where);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  checkPixels(width, height, where);
  checkInflated(data, pngDataBytes(width, height, bytes[24], bytes[25], bytes[28] !== 0), where);
  const png = decodePng(file, { checkCrc: true });
  return fromInterleaved(samplesOf(png), width, height);
}

/** A file of only the needed chunks, and the compressed pixels. */
function reducedPng(bytes: Uint8Array, where: string): { file: Uint8Array; data: readonly Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let kind = "";
  for (let position = 8; kind !== "IEND"; ) {
    const length = position + 12 <= bytes.length ? view.getUint32(position) : Number.POSITIVE_INFINITY;
    const end = position + 12 + length;
    if (end > bytes.length) throw new CorruptFileError("truncated PNG file", { where, remedy });
    kind = String.fromCharCode(...bytes.subarray(position + 4, position + 8));
    if (position === 8 && (kind !== "IHDR" || length !== 13)) {
      throw new CorruptFileError("PNG file without a header", { where, remedy });
    }
    if (neededChunks.has(kind)) kept.push(bytes.subarray(position, end));
    if (kind === "IDAT") data.push(bytes.subarray(position + 8, end - 4));
    position = end;
  }
  const file = new Uint8Array(kept.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of kept) {
    file.set(part, filled);
    filled += part.length;
  }
  return { file, data };
}

/** Samples per pixel, by color type. */
const pngChannels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** Passes of Adam7: start and distance of the pixels, `[x, y, across, down]`. */
const interlacePasses = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Size of the inflated pixels: all rows, each with its filter byte. */
function pngDataBytes(width: number, height: number, depth: number, color: number, isInterlaced: boolean): number {
  // The decoder refuses other types.
  const pixelBits = depth * (pngChannels[color] ?? 1);
  const passes = isInterlaced ? interlacePasses : [[0, 0, 1, 1] as const];
  return passes.reduce((sum, [x, y, across, down]) => {
    const [columns, rows] = [Math.ceil((width - x) / across), Math.ceil((height - y) / down)];
    return columns > 0 && rows > 0 ? sum + rows * (1 + Math.ceil((columns * pixelBits) / 8)) : sum;
  }, 0);
}

/** Refuses pixels that inflate to a wrong size, since the decoder would ignore extra bytes and invent missing ones. */
function checkInflated(parts: readonly Uint8Array[], expected: number, where: string): void {
  let total = 0;
  const stream = new Inflate((piece) => {
    total += piece.length;
    // Some programs append a few bytes.
    if (total > expected + 65_536) {
      throw new CorruptFileError("PNG file with more pixels than it declares", { where, remedy });
    }
  });
  // The deflate stream follows two bytes of zlib header; the checksum after it is ignored.
  let skipped = 0;
  for (const part of parts) {
    const own = Math.min(2 - skipped, part.length);
    skipped += own;
    for (let start = own; start < part.length; start += 16_384) {
      stream.push(part.subarray(start, start + 16_384), false);
    }
  }
  if (total < expected) throw new CorruptFileError("PNG file with fewer pixels than it declares", { where, remedy });
}

/** Pixels of 8 bits, channels innermost. */
function samplesOf(png: DecodedPng): { samples: Uint8Array; channels: number } {
  if (png.palette !== undefined) {
    return { samples: convertIndexedToRgb(png), channels: png.palette[0].length };
  }
  const { data, depth, channels, width, height } = png;
  if (depth === 16) return { samples: upperBytes(data), channels };
  if (depth === 8) return { samples: new Uint8Array(data), channels };
  // Gray of 1, 2 or 4 bits: rows start at whole bytes, with the first pixel in the highest bits.
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  for (let i = 0; i < samples.length; i++) {
    const x = i % width;
    const byte = data[Math.floor(i / width) * rowBytes + ((x * depth) >> 3)];
    samples[i] = (((byte >> (8 - depth - ((x * depth) & 7))) & most) * 255) / most;
  }
  return { samples, channels };
}

/** `Uint8Array.from` with a function would first build a list of all samples, at tens of bytes each. */
function upperBytes(data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = data[i] >> 8;
  return bytes;
}

/** Color planes; a second or fourth channel is transparency and is dropped. */
function fromInterleaved(
  { samples, channels: stored }: { readonly samples: Uint8Array; readonly channels: number },
  width: number,
  height: number,
): DecodedImage {
  const channels = stored < 3 ? 1 : 3;
  const size = width * height;
  const data = new Uint8Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < size; i++) data[channel * size + i] = samples[i * stored + channel];
  }
  return { channels, height, width, data };
}

function decodeJpegFile(bytes: Uint8Array, where: string): DecodedImage {
  const { width, height, components, scans } = jpegFrame(bytes, where);
  checkPixels(width, height, where);
  // A block of 8 x 8 pixels takes at least one bit, and every scan visits all blocks.
  if (width * height > 512 * bytes.length) throw new CorruptFileError("truncated JPEG file", { where, remedy });
  if (scans * width * height > 20 * maxPixels) {
    throw new CorruptFileError("JPEG file that takes too long to decode", {
      where,
      expected: `at most ${Math.floor((20 * maxPixels) / (width * height))} scans of ${width} x ${height} pixels`,
      received: `${scans}`,
      remedy,
    });
  }
  const image = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: maxPixels / 1e6,
    maxMemoryUsageInMB: 1024,
  });
  const color = fromInterleaved({ samples: image.data, channels: 3 }, image.width, image.height);
  // The decoder returns a gray image as three equal planes.
  return components === 1 ? { ...color, channels: 1, data: color.data.slice(0, width * height) } : color;
}

interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Size and number of color components, from the single frame header (marker SOFn), and the number of scans. */
function jpegFrame(bytes: Uint8Array, where: string): JpegFrame & { readonly scans: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: JpegFrame[] = [];
  let scans = 0;
  for (let position = 2; position + 9 < bytes.length; ) {
    const marker = bytes[position + 1];
    // Compressed pixels (0xff is followed by 0), fill bytes 0xff before a marker, and restarts.
    if (bytes[position] !== 0xff || marker === 0xff || marker === 0 || (marker >= 0xd0 && marker <= 0xd7)) {
      position++;
      continue;
    }
    if (marker === 0xd9) break;
    // C4, C8 and CC are tables and reserved.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const [height, width] = [view.getUint16(position + 5), view.getUint16(position + 7)];
      frames.push({ width, height, components: bytes[position + 9] });
    }
    if (marker === 0xda) scans++;
    position += 2 + view.getUint16(position + 2);
  }
  if (frames.length === 0) throw new CorruptFileError("JPEG file without a frame", { where, remedy });
  const [frame] = frames;
  if (frames.length > 1 || ![1, 3, 4].includes(frame.components)) {
    throw new CorruptFileError("JPEG file of a kind that we cannot read", {
      where,
      expected: "one frame of 1, 3 or 4 color components",
      received: frames.length > 1 ? `${frames.length} frames` : `${frame.components} components`,
      remedy,
    });
  }
  return { ...frame, scans };
}
