// Draws the pictures of docs/schedules.md: npx tsx scripts/plot-schedules.ts [<folder>]
//
// The same code gives the same bytes on every machine; a test compares them. If a folder is given, it also writes PNGs
// there.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openFigureRenderer } from "../src/node/render.js";
import { scheduleFigures } from "./schedule-figures.js";

const images = fileURLToPath(new URL("../docs/images", import.meta.url));
const [, , pngFolder] = process.argv;
const renderer = await openFigureRenderer();
for (const { id, spec } of scheduleFigures()) {
  const svg = await renderer.svg(spec);
  await writeFile(join(images, `${id}.svg`), svg);
  if (pngFolder !== undefined) await writeFile(join(pngFolder, `${id}.png`), await renderer.png(svg));
  console.log(`${id}.svg: ${svg.length} bytes`);
}
