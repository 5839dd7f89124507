// Reads text widths from a TrueType font file: just enough of the format to lay out a figure without a browser.
import { CorruptFileError } from "../errors.js";

/** Measures text in ems, without kerning. */
export interface FontWidths {
  /** Width of a text at size 1; characters that the font lacks count as its missing-glyph box. */
  width(text: string): number;
}

/**
 * Reads the tables `head`, `hhea`, `hmtx` and `cmap` (format 4: the Basic Multilingual Plane) of a TrueType font
 * (https://learn.microsoft.com/typography/opentype/spec/).
 * @throws CorruptFileError if a table is missing or extends beyond the file.
 */
export function fontWidths(bytes: Uint8Array, name: string): FontWidths {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const unitsPerEm = view.getUint16(tableOffset(view, "head", name) + 18);
    const glyphsWithAdvance = view.getUint16(tableOffset(view, "hhea", name) + 34);
    const metrics = tableOffset(view, "hmtx", name);
    const characterMap = format4Offset(view, tableOffset(view, "cmap", name), name);
    const advance = (character: string): number => {
      const glyph = glyphOf(view, characterMap, character.codePointAt(0) ?? 0);
      return view.getUint16(metrics + 4 * Math.min(glyph, glyphsWithAdvance - 1)) / unitsPerEm;
    };
    const known = new Map<string, number>();
    return {
      width(text) {
        let sum = 0;
        for (const character of text) {
          const width = known.get(character) ?? advance(character);
          known.set(character, width);
          sum += width;
        }
        return sum;
      },
    };
  } catch (cause) {
    if (cause instanceof RangeError) throw new CorruptFileError("font is truncated", { where: name, cause });
    throw cause;
  }
}

/** Offset of a table, from the table directory: entries of 16 bytes, starting at byte 12. */
function tableOffset(view: DataView, tag: string, name: string): number {
  const tables = view.getUint16(4);
  for (let entry = 12; entry < 12 + 16 * tables; entry += 16) {
    const found = String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(entry + i)));
    if (found === tag) return view.getUint32(entry + 8);
  }
  throw new CorruptFileError(`font has no "${tag}" table`, { where: name });
}

/** The subtable that maps 16-bit code points. */
function format4Offset(view: DataView, cmap: number, name: string): number {
  const subtables = view.getUint16(cmap + 2);
  for (let i = 0; i < subtables; i++) {
    const offset = cmap + view.getUint32(cmap + 4 + 8 * i + 4);
    if (view.getUint16(offset) === 4) return offset;
  }
  throw new CorruptFileError("font has no character map of format 4", { where: name });
}

/** Glyph of a code point; 0, the missing glyph, if there is none. */
function glyphOf(view: DataView, map: number, code: number): number {
  const doubled = view.getUint16(map + 6);
  const ends = map + 14;
  const starts = ends + doubled + 2;
  const deltas = starts + doubled;
  const offsets = deltas + doubled;
  for (let i = 0; i < doubled; i += 2) {
    if (view.getUint16(ends + i) < code) continue;
    const start = view.getUint16(starts + i);
    if (start > code) return 0;
    const delta = view.getUint16(deltas + i);
    const offset = view.getUint16(offsets + i);
    if (offset === 0) return (code + delta) & 0xffff;
    const glyph = view.getUint16(offsets + i + offset + 2 * (code - start));
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}
