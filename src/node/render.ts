// Vega-Lite specifications to SVG and PNG without a browser: the same bytes on every machine.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { TopLevelSpec } from "vega-lite";
import { type FontWidths, fontWidths } from "../core/formats/true-type.js";
import type { VegaLiteSpec } from "../figures/figure.js";

/**
 * Renders specifications as pictures. Loading takes half a second, so open one renderer, when the first picture is
 * needed.
 */
export interface FigureRenderer {
  /** Renders a specification as SVG text. Fonts are named, not embedded. */
  svg(spec: VegaLiteSpec): Promise<string>;
  /** Rasterizes one of our SVGs on white, using only the DejaVu fonts of the package. */
  png(svg: string): Promise<Uint8Array>;
}

export interface RenderOptions {
  /** Pixels of the PNG per pixel of the figure. */
  readonly scale?: number;
  /** Receives Vega's warnings about a specification. Our own figures cause none. Default: ignored. */
  readonly onWarning?: (message: string) => void;
}

/** Loads Vega, resvg and the fonts, which nothing else needs. */
export async function openFigureRenderer({ scale = 2, onWarning }: RenderOptions = {}): Promise<FigureRenderer> {
  const [vega, vegaLite, { Resvg }, fonts] = await Promise.all([
    import("vega"),
    import("vega-lite"),
    import("@resvg/resvg-js"),
    readFonts(),
  ]);
  measureTextWith(vega, textWidth(fonts));
  const logger = warningLogger(vega.logger(vega.Warn), onWarning);
  return {
    async svg(spec) {
      // The types of Vega-Lite describe valid specifications member by member; ours are plain JSON, checked by tests.
      const compiled = vegaLite.compile(spec as unknown as TopLevelSpec, { logger }).spec;
      // Vega numbers clip paths consecutively; the reset keeps a figure's bytes independent of other figures.
      vega.resetSVGDefIds();
      const view = new vega.View(vega.parse(compiled), { renderer: "none", logger });
      try {
        return await view.toSVG();
      } finally {
        view.finalize();
      }
    },
    async png(svg) {
      const picture = new Resvg(svg, {
        background: "white",
        fitTo: { mode: "zoom", value: scale },
        font: {
          fontFiles: [fonts.regularPath, fonts.boldPath],
          loadSystemFonts: false,
          defaultFontFamily: "DejaVu Sans",
        },
      });
      return picture.render().asPng();
    },
  };
}

interface Fonts {
  readonly regular: FontWidths;
  readonly bold: FontWidths;
  readonly regularPath: string;
  readonly boldPath: string;
}

async function readFonts(): Promise<Fonts> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json")), "ttf");
  const regularPath = join(folder, "DejaVuSans.ttf");
  const boldPath = join(folder, "DejaVuSans-Bold.ttf");
  const [regular, bold] = await Promise.all([readFile(regularPath), readFile(boldPath)]);
  return { regular: fontWidths(regular, regularPath), bold: fontWidths(bold, boldPath), regularPath, boldPath };
}

/**
 * Replaces Vega's text measurement for the whole process. Without a canvas it guesses 0.8 em per character; real
 * widths place legends and titles correctly. The hook is exported but missing from Vega's types.
 */
function measureTextWith(vega: object, width: ReturnType<typeof textWidth>): void {
  (vega as { readonly textMetrics: { width: typeof width } }).textMetrics.width = width;
}

/** The properties of a Vega text item that determine its width. */
interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  readonly limit?: number;
}

/** Width of a text in pixels, in the form that Vega expects. */
function textWidth({ regular, bold }: Fonts): (item: TextItem, text: unknown) => number {
  return (item, text) => {
    const isBold = item.fontWeight === "bold" || Number(item.fontWeight) >= 600;
    // 11 pixels is Vega's own default size.
    const width = (isBold ? bold : regular).width(String(text ?? "").trim()) * Number(item.fontSize ?? 11);
    return item.limit !== undefined && item.limit > 0 ? Math.min(width, item.limit) : width;
  };
}

/** Vega's logger, with warnings passed on instead of printed. */
function warningLogger<Logger extends { warn: (...messages: never[]) => unknown }>(
  logger: Logger,
  onWarning: ((message: string) => void) | undefined,
): Logger {
  logger.warn = (...messages: unknown[]) => {
    onWarning?.(messages.join(" "));
    return logger;
  };
  return logger;
}
