// Text widths against the advances that the font itself declares.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { CorruptFileError } from "../errors.js";
import { fontWidths } from "./true-type.js";

const path = createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
const bytes = readFileSync(path);

describe("font widths", () => {
  it("are the advances of DejaVu Sans, in ems", () => {
    const font = fontWidths(bytes, "DejaVuSans.ttf");
    // In the font's own units of 2048 per em.
    const advances: Record<string, number> = { i: 569, W: 2025, "0": 1303, " ": 651, γ: 1212, "−": 1716 };
    for (const [character, advance] of Object.entries(advances)) expect(font.width(character) * 2048).toBe(advance);
    expect(font.width("0.05")).toBeCloseTo(3 * font.width("0") + font.width("."), 12);
  });

  it("of missing characters are those of the font's replacement glyph", () => {
    const font = fontWidths(bytes, "DejaVuSans.ttf");
    expect(font.width("漢")).toBe(1229 / 2048);
    expect(font.width("")).toBe(0);
  });

  it("need a complete font", () => {
    expect(() => fontWidths(bytes.subarray(0, 5000), "cut.ttf")).toThrow(CorruptFileError);
    expect(() => fontWidths(new Uint8Array(64), "empty.ttf")).toThrowErrorMatchingInlineSnapshot(
      `[CorruptFileError: empty.ttf: font has no "head" table]`,
    );
  });
});
