// Figures with their captions, their numbers as a table, and their files.
import { numberText } from "../study/analysis/number-text.js";
import type { ReportFigure } from "./document.js";
import { escapeText, type Html, html, trustedHtml } from "./html.js";
import { cellText } from "./tables-section.js";

/** Rows of a figure that the page lists; pictures of more numbers refer to their CSV file. */
const listedRows = 120;

/** Figures, numbered from `first`. */
export function figuresSection(figures: readonly ReportFigure[], anchor: string, first: number): Html {
  if (figures.length === 0) return html``;
  return html`
<section id="${anchor}">
<h3>Figures</h3>
${figures.map((figure, index) => figureBlock(figure, `${anchor}-${figure.id}`, first + index))}
</section>`;
}

function figureBlock(figure: ReportFigure, id: string, number: number): Html {
  const { caption, svg, files } = figure;
  const links = files.map(({ label, href }) => html` <a href="${href}">${label}</a>`);
  return html`<figure id="${id}">
<div class="plate" tabindex="0">${trustedHtml(inlineSvg(svg, id, figure.description))}</div>
<figcaption><b>Figure ${number}.</b> ${caption} ${links.length === 0 ? html`` : html`<span class="files">Files:${links}</span>`}</figcaption>
${numbers(figure)}
</figure>
`;
}

/** The numbers behind a picture, folded; nothing if they are too many to read. */
function numbers({ title, rows }: ReportFigure): Html {
  if (rows.length === 0 || rows.length > listedRows) return html``;
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return html`<details class="numbers">
<summary>Numbers of this figure: ${numberText(rows.length)} ${rows.length === 1 ? "row" : "rows"}</summary>
<div class="scroll"><table class="small">
<caption>${title}</caption>
<thead><tr>${keys.map((key) => html`<th scope="col">${key}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${keys.map((key) => html`<td>${cellText(row[key] ?? null)}</td>`)}</tr>\n`)}
</tbody>
</table></div>
</details>
`;
}

/**
 * Prepares an SVG for a page with other SVGs: its ids get a prefix, because ids must be unique in a page and clip paths
 * refer to them; screen readers get a description in place of hundreds of marks.
 */
export function inlineSvg(svg: string, prefix: string, description: string): string {
  const name = prefix.replace(/[^\w-]/g, "-");
  return svg
    .replaceAll(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
    .replaceAll(/href="#([^"]+)"/g, `href="#${name}-$1"`)
    .replace(/^<svg /, () => `<svg role="img" aria-label="${escapeText(description)}" `);
}
