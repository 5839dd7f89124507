// Rendered figures have real text widths, do not depend on earlier drawings, and become PNG files of the right size.
import { beforeAll, describe, expect, it } from "vitest";
import { gallery } from "../figures/gallery.js";
import { type FigureRenderer, openFigureRenderer } from "./render.js";

describe("figure renderer", () => {
  let renderer: FigureRenderer;
  const warnings: string[] = [];
  beforeAll(async () => {
    renderer = await openFigureRenderer({ onWarning: (message) => warnings.push(message) });
  });

  it("draws every figure of the gallery without a warning", async () => {
    for (const make of Object.values(gallery)) {
      const svg = await renderer.svg(make().spec);
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      expect(svg).not.toContain("NaN");
    }
    expect(warnings).toEqual([]);
  });

  it("gives the same bytes regardless of earlier drawings", async () => {
    const first = await renderer.svg(gallery.curves().spec);
    await renderer.svg(gallery.violins().spec);
    expect(await renderer.svg(gallery.curves().spec)).toBe(first);
    const png = await renderer.png(first);
    expect(Buffer.compare(await renderer.png(first), png)).toBe(0);
  });

  it("rasterizes at twice the size, on white, with visible text", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20" viewBox="0 0 60 20">';
    const blank = await renderer.png(`${svg}</svg>`);
    const text = await renderer.png(`${svg}<text y="15" font-family="DejaVu Sans, Verdana">Ink</text></svg>`);
    const size = new DataView(text.buffer, text.byteOffset + 16, 8);
    expect([size.getUint32(0), size.getUint32(4)]).toEqual([120, 40]);
    expect(text.length).toBeGreaterThan(blank.length + 100);
  });
});
