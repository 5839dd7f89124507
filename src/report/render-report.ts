// The report as one self-contained HTML page.
//
//   header, limits, answers, contents
//     -> for each study: question, answer, what was expected, figures, findings, claims, tables, notes, how it was made

import { countText } from "../study/analysis/number-text.js";
import { claimsSection, claimsSummary } from "./claims-section.js";
import type { ReportDocument, ReportStudy } from "./document.js";
import { figuresSection } from "./figures-section.js";
import { type Html, html, trustedHtml } from "./html.js";
import { instantText, makingSection } from "./making-section.js";
import { script } from "./script.js";
import { styles } from "./styles.js";
import { findingsSection, tablesSection } from "./tables-section.js";

/**
 * Renders a document. The page loads no external resources, is whole without its script, prints well, and follows the reader's light
 * or dark theme, figures included. The same document gives the same bytes.
 */
export function renderReport(document: ReportDocument): string {
  const { title, subtitle, generatedAt, studies } = document;
  const firstFigure = studies.map((_, index) =>
    studies.slice(0, index).reduce((sum, { figures }) => sum + figures.length, 1),
  );
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="trainscope">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trustedHtml(styles)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${subtitle === undefined ? html`` : html`<p class="subtitle">${subtitle}</p>`}
<p class="meta">${countText(studies.length, "study", "studies")}, written by Trainscope on ${instantText(generatedAt)}</p>
${limitsNote(studies)}
</header>
${studies.length > 1 ? answers(studies) : html``}
${contents(studies)}
<main>
${studies.map((study, index) => studySection(study, firstFigure[index]))}
</main>
<footer>Numbers that name no other source come from trials and computations of this program; “How this was made” says from which.</footer>
<script>${trustedHtml(script)}</script>
</body>
</html>
`;
  return page.markup;
}

/** The warning before all numbers: the data is a sample, or the preset is a short one. */
function limitsNote(studies: readonly ReportStudy[]): Html {
  const samples = [
    ...new Set(studies.flatMap(({ data }) => data.filter(({ isSample }) => isSample).map(({ title }) => title))),
  ];
  const quick = studies.filter(({ preset }) => preset?.name === "quick" || preset?.name === "smoke");
  if (samples.length === 0 && quick.length === 0) return html``;
  const sampleText =
    samples.length === 0
      ? html``
      : html`<p><b>Sample data.</b> These numbers come from the sample that ships with the program (${samples.join(", ")}), in place of the full data set. Expect lower accuracies and wider intervals than with the full set; <code>trainscope data get</code> fetches it.</p>`;
  const quickText =
    quick.length === 0
      ? html``
      : html`<p><b>Quick preset.</b> Short runs and few seeds show the method, not the last word: differences can be smaller than the spread of the seeds. Other presets run longer; <code>trainscope study show</code> names them.</p>`;
  return html`<aside class="note" role="note">${sampleText}${quickText}</aside>`;
}

/** The answers of all studies, which summarize the document. */
function answers(studies: readonly ReportStudy[]): Html {
  return html`<section id="answers" class="answers" aria-label="In short">
<h2>In short</h2>
<dl class="plain">
${studies.map(({ id, question, answer }) => html`<dt><a href="#${id}">${question}</a></dt><dd>${answer}</dd>\n`)}
</dl>
</section>`;
}

/** The non-empty parts of a study. */
function parts(study: ReportStudy): readonly { readonly id: string; readonly title: string }[] {
  const all = [
    { id: "figures", title: "Figures", count: study.figures.length },
    { id: "findings", title: "Findings", count: study.findings.length },
    { id: "claims", title: "Claims", count: study.claims.length },
    { id: "tables", title: "Tables", count: study.tables.length },
    { id: "notes", title: "Notes", count: study.notes.length },
    { id: "making", title: "How this was made", count: 1 },
  ];
  return all.filter(({ count }) => count > 0);
}

function contents(studies: readonly ReportStudy[]): Html {
  return html`<nav aria-label="Contents">
<h2>Contents</h2>
<ol>
${studies.map(
  (
    study,
  ) => html`<li><a href="#${study.id}">${study.title}</a>${study.claims.length === 0 ? html`` : html` <span class="quiet">(${claimsSummary(study.claims)})</span>`}
<ol>${parts(study).map(({ id, title }) => html`<li><a href="#${study.id}-${id}">${title}</a></li>`)}</ol></li>
`,
)}
</ol>
</nav>`;
}

function studySection(study: ReportStudy, firstFigure: number): Html {
  const { id, title, question, answer, expectation, refutedBy, source, data, preset, making } = study;
  return html`
<section id="${id}">
<h2>${title}</h2>
<p class="question">${question}</p>
<p class="answer">${answer}</p>
<dl class="facts">
<dt>Expected</dt><dd>${expectation} <span class="quiet">(before the study ran)</span></dd>
<dt>Refuted by</dt><dd>${refutedBy}</dd>
${
  data.length === 0
    ? html``
    : html`<dt>Data</dt><dd>${data.map(({ title: name }) => name).join(", ")}</dd>
`
}<dt>Source</dt><dd>${source}</dd>
<dt>Runs</dt><dd>${preset === undefined ? "none: every number is computed" : `preset ${preset.name}, ${countText(making.seeds.length, "seed")} a variant`}</dd>
</dl>
${figuresSection(study.figures, `${id}-figures`, firstFigure)}
${findingsSection(study.findings, study.variantTitles, `${id}-findings`)}
${claimsSection(study.claims, source, `${id}-claims`)}
${tablesSection(study.tables, `${id}-tables`)}
${notesSection(study.notes, `${id}-notes`)}
${makingSection(study, `${id}-making`)}
</section>`;
}

function notesSection(notes: readonly string[], anchor: string): Html {
  if (notes.length === 0) return html``;
  return html`
<section id="${anchor}">
<h3>Notes</h3>
${notes.map((note) => html`<p>${note}</p>\n`)}
</section>`;
}
