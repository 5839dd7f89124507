// A figure on disk: SVG, PNG, Vega-Lite and the rows behind it.
import { join } from "node:path";
import { writeCsv } from "../core/formats/csv.js";
import type { Figure } from "../figures/figure.js";
import { writeFileAtomic } from "./files/atomic-file.js";
import type { FigureRenderer } from "./render.js";

export interface FigureFilesOptions {
  /** An existing folder. */
  readonly folder: string;
  /** File name without extension. Unsafe characters are replaced. */
  readonly name: string;
  readonly renderer: FigureRenderer;
}

export interface FigureFiles {
  readonly svg: string;
  /** File names within the folder. */
  readonly files: readonly { readonly label: string; readonly file: string }[];
}

/**
 * Draws a figure and writes it in all formats; each file is written atomically.
 * @throws EnvironmentError if the folder is not writable.
 */
export async function writeFigureFiles(
  figure: Figure,
  { folder, name, renderer }: FigureFilesOptions,
): Promise<FigureFiles> {
  const svg = await renderer.svg(figure.spec);
  // Names may come from a user's studies and models, and must not lead to other folders.
  const safeName = name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_");
  const contents: readonly (readonly [label: string, ending: string, bytes: string | Uint8Array])[] = [
    ["SVG", "svg", svg],
    ["PNG", "png", await renderer.png(svg)],
    ["Vega-Lite", "vl.json", `${JSON.stringify(figure.spec, null, 1)}\n`],
    ["CSV", "csv", writeCsv(figure.rows)],
  ];
  const files: { label: string; file: string }[] = [];
  for (const [label, ending, bytes] of contents) {
    const file = `${safeName}.${ending}`;
    await writeFileAtomic(join(folder, file), bytes);
    files.push({ label, file });
  }
  return { svg, files };
}
