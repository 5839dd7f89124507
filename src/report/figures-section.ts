// Figures with their captions and files.
import type { ReportFigure } from "./document.js";
import { escapeText, type Html, html, trustedHtml } from "./html.js";

/** Figures, numbered from `first`. */
export function figuresSection(figures: readonly ReportFigure[], anchor: string, first: number): Html {
  if (figures.length === 0) return html``;
  return html`
<section id="${anchor}">
<h3>Figures</h3>
${figures.map((figure, index) => figureBlock(figure, `${anchor}-${figure.id}`, first + index))}
</section>`;
}

function figureBlock({ title, caption, svg, files }: ReportFigure, id: string, number: number): Html {
  const links = files.map(({ label, href }) => html` <a href="${href}">${label}</a>`);
  return html`<figure id="${id}">
<div class="plate" tabindex="0">${trustedHtml(inlineSvg(svg, id, title))}</div>
<figcaption><b>Figure ${number}.</b> ${caption} ${links.length === 0 ? html`` : html`<span class="files">Files:${links}</span>`}</figcaption>
</figure>
`;
}

/**
 * Prepares an SVG for a page with other SVGs: its ids get a prefix, because ids must be unique in a page and clip paths
 * refer to them; screen readers get its title.
 */
export function inlineSvg(svg: string, prefix: string, title: string): string {
  const name = prefix.replace(/[^\w-]/g, "-");
  return svg
    .replaceAll(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
    .replaceAll(/href="#([^"]+)"/g, `href="#${name}-$1"`)
    .replace(/^<svg /, () => `<svg role="img" aria-label="${escapeText(title)}" `);
}
