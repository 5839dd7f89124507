// Findings with their intervals, and the tables of a study.
import { exactMethod, type Finding, type Table } from "../core/findings.js";
import { groupBy } from "../core/group-by.js";
import type { Cell } from "../core/rows.js";
import {
  countText,
  decimalsFor,
  fixedText,
  numberText,
  survivorsText,
  wordsOf,
} from "../study/analysis/number-text.js";
import { type Html, html } from "./html.js";

const methodNames: Readonly<Record<string, string>> = {
  t: "Student’s t interval of the mean over seeds",
  "paired t": "Student’s t interval of the mean of paired differences",
  wilson: "Wilson’s score interval of a proportion",
  bootstrap: "percentile bootstrap interval",
};

/** One table per finding, one row per variant. */
export function findingsSection(
  findings: readonly Finding[],
  variantTitles: Readonly<Record<string, string>>,
  anchor: string,
): Html {
  if (findings.length === 0) return html``;
  const groups = [...groupBy(findings, ({ id, title, unit }) => JSON.stringify([id, title, unit])).values()];
  return html`
<section id="${anchor}">
<h3>Findings</h3>
<div class="tables">
${groups.map((group) => (group.every(({ method }) => method === exactMethod) ? exactTable : findingTable)(group, variantTitles))}
</div>
</section>`;
}

/** A table of counted numbers, without intervals, because nothing was estimated. */
function exactTable(group: readonly Finding[], variantTitles: Readonly<Record<string, string>>): Html {
  const { title, unit } = group[0];
  const decimals = decimalsFor(
    [],
    group.map(({ value }) => value),
  );
  return folded(
    group,
    html`<div class="scroll"><table>
<caption>${title}${unitText(unit)}</caption>
<thead><tr><th scope="col">Variant</th><th scope="col" class="number">Value, exact</th></tr></thead>
<tbody>
${group.map(
  (finding) =>
    html`<tr><th scope="row">${rowTitle(finding, variantTitles)}</th><td class="number strong">${fixedText(finding.value, decimals)}</td></tr>
`,
)}
</tbody>
</table></div>
`,
  );
}

/** The variant; a combination of levels is printed as `MNIST, tanh, Glorot`. */
function rowTitle({ variant, layer }: Finding, titles: Readonly<Record<string, string>>): string {
  const title = titles[variant] ?? variantText(variant, titles);
  return layer === undefined ? title : `${title}, layer ${layer}`;
}

function variantText(variant: string, titles: Readonly<Record<string, string>>): string {
  const parts = variant.split("/");
  return parts.length === 1 ? wordsOf(variant) : parts.map((part) => titles[part] ?? part).join(", ");
}

/** Rows of a table that a reader takes in at a glance; longer ones are folded. */
const manyRows = 16;

function folded(group: readonly Finding[], table: Html): Html {
  if (group.length <= manyRows) return table;
  return html`<details><summary>${group[0].title}: ${countText(group.length, "row")}</summary>
${table}</details>
`;
}

const unitText = (unit: string): Html => (unit === "" ? html`` : html` <span class="unit">(${unit})</span>`);

function findingTable(group: readonly Finding[], variantTitles: Readonly<Record<string, string>>): Html {
  const { title, unit, level } = group[0];
  const halfWidths = group.flatMap(({ interval }) => (interval === undefined ? [] : [(interval[1] - interval[0]) / 2]));
  const decimals = decimalsFor(
    halfWidths,
    group.map(({ value }) => value),
  );
  const isProportion = group.every(({ method }) => method === "wilson");
  const methods = [...new Set(group.filter(({ interval }) => interval !== undefined).map(({ method }) => method))];
  const methodText = methods.map((method) => methodNames[method] ?? method).join("; ");
  const percent = `${numberText(100 * level)} %`;
  return folded(
    group,
    html`<div class="scroll"><table>
<caption>${title}${unitText(unit)}</caption>
<thead><tr><th scope="col">Variant</th><th scope="col" class="number">${isProportion ? "Proportion" : "Mean"}</th><th scope="col" class="number">${percent} interval</th><th scope="col" class="number"><i>n</i></th></tr></thead>
<tbody>
${group.map((finding) => findingLine(finding, decimals, variantTitles))}
</tbody>
${methodText === "" ? html`` : html`<tfoot><tr><td colspan="4">Interval: ${methodText}.</td></tr></tfoot>`}
</table></div>
`,
  );
}

function findingLine(finding: Finding, decimals: number, variantTitles: Readonly<Record<string, string>>): Html {
  const { value, interval, n, of } = finding;
  const ends =
    interval === undefined
      ? html`<span class="quiet">none for one seed</span>`
      : html`${fixedText(interval[0], decimals)} to ${fixedText(interval[1], decimals)}`;
  return html`<tr><th scope="row">${rowTitle(finding, variantTitles)}</th><td class="number strong">${fixedText(value, decimals)}</td><td class="number">${ends}</td><td class="number">${survivorsText({ n, ...(of === undefined ? {} : { of }) })}</td></tr>
`;
}

/** The study's own tables. */
export function tablesSection(tables: readonly Table[], anchor: string): Html {
  if (tables.length === 0) return html``;
  return html`
<section id="${anchor}">
<h3>Tables</h3>
${tables.map(studyTable)}
</section>`;
}

function studyTable({ title, columns, rows }: Table): Html {
  const alignments = columns.map(({ key }) =>
    rows.every((row) => looksNumeric(row[key] ?? null)) ? "number" : "text",
  );
  return html`<div class="scroll"><table class="wide">
<caption>${title}</caption>
<thead><tr>${columns.map((column, index) => html`<th scope="col" class="${alignments[index]}">${column.title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (
    row,
  ) => html`<tr>${columns.map(({ key }, index) => html`<td class="${alignments[index]}">${cellText(row[key] ?? null)}</td>`)}</tr>
`,
)}
</tbody>
</table></div>
`;
}

/** Numbers, and texts that begin with one (`98.26 [97.92, 98.60]`), are right-aligned. */
function looksNumeric(cell: Cell): boolean {
  return cell === null || typeof cell === "number" || (typeof cell === "string" && /^[-−+]?\d/.test(cell));
}

/** A cell of a table as text; a dash where it is empty. */
export function cellText(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "number") return numberText(cell);
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return cell;
}
