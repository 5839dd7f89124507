// A figure on disk: SVG, PNG, Vega-Lite and the rows behind it.
import { join } from "node:path";
import { writeCsv } from "../core/formats/csv.js";
import type { Figure } from "../figures/figure.js";
import { writeFileAtomic } from "./files/atomic-file.js";
import type { FigureRenderer } from "./render.js";

export interface FigureFilesOptions {
  /** Has to be there. */
  readonly folder: string;
  /** Of the files, without ending. What file systems do not like is replaced. */
  readonly name: string;
  readonly renderer: FigureRenderer;
}

export interface FigureFiles {
  readonly svg: string;
  /** In the folder. */
  readonly files: readonly { readonly label: string; readonly file: string }[];
}

/**
 * Draws a figure and writes it in every form; each file appears whole or not at all.
 * @throws EnvironmentError when the folder cannot be written.
 */
export async function writeFigureFiles(
  figure: Figure,
  { folder, name, renderer }: FigureFilesOptions,
): Promise<FigureFiles> {
  const svg = await renderer.svg(figure.spec);
  // Names come from studies and models, which may be a user's own: they must not lead to other folders.
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
