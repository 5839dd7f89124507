// How the numbers were made: everything needed to reproduce them.

import { countText, durationText, listText, wordsOf } from "../study/analysis/number-text.js";
import { settingText } from "../study/settings.js";
import type { Timings } from "../study/store/store.js";
import type { ReportStudy, ReportTrial } from "./document.js";
import { type Html, html } from "./html.js";

export function makingSection(study: ReportStudy, anchor: string): Html {
  const { making, data, preset, trials } = study;
  const settings = Object.entries(making.settings).map(([name, value]) => `${name} = ${settingText(value)}`);
  const versions = Object.entries(making.versions).map(([name, version]) => `${name} ${version}`);
  const facts: readonly (readonly [string, Html | string])[] = [
    ["Command", html`<code>${making.command}</code>`],
    ["Run", html`<code>${making.run}</code>`],
    ["Preset", preset === undefined ? "" : `${preset.name}: ${preset.about}`],
    ["Seeds", listText(making.seeds)],
    ["Settings", settings.join(", ")],
    [
      "Data",
      data.length === 0
        ? "none: nothing was trained, and no random number was drawn"
        : html`${data.map(({ title, fingerprint }, index) => html`${index === 0 ? "" : "; "}${title}, fingerprint <code>${fingerprint}</code>`)}`,
    ],
    ["Versions", versions.join(", ")],
    ["Machine", making.machine],
    ["Time", timeText(study)],
  ];
  return html`
<section id="${anchor}">
<h3>How this was made</h3>
<dl class="facts">
${facts.map(([name, value]) => (value === "" ? html`` : html`<dt>${name}</dt><dd>${value}</dd>\n`))}
</dl>
${trials.length === 0 ? html`` : trialTable(trials, anchor)}
</section>`;
}

function timeText({ making, trials }: ReportStudy): string {
  const elapsed =
    making.finishedAt === undefined ? Number.NaN : Date.parse(making.finishedAt) - Date.parse(making.startedAt);
  const work = trials.reduce((sum, { timings }) => sum + (timings?.totalMs ?? 0), 0);
  const parts = [
    `started ${instantText(making.startedAt)}`,
    ...(elapsed >= 0 ? [`${durationText(elapsed)} from start to end`] : []),
    ...(work > 0 ? [`${durationText(work)} in ${countText(trials.length, "trial")}, some side by side`] : []),
  ];
  return parts.join("; ");
}

/** `2026-11-22 20:25 UTC`; other texts as they are. */
export function instantText(instant: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(instant);
  return match === null ? instant : `${match[1]} ${match[2]} UTC`;
}

/** Columns of the table: the parts of a trial's time, and all of it. */
const timingColumns: readonly (readonly [keyof Timings, string])[] = [
  ["compileMs", "compile"],
  ["trainMs", "train"],
  ["evaluateMs", "evaluate"],
  ["totalMs", "total"],
];

/** All trials, collapsed by default. */
function trialTable(trials: readonly ReportTrial[], anchor: string): Html {
  const factors = [...new Set(trials.flatMap((trial) => Object.keys(trial.factors)))];
  const columns = trials.some(({ timings }) => timings !== undefined) ? timingColumns : [];
  const counts = new Map<string, number>();
  for (const { status } of trials) counts.set(status, (counts.get(status) ?? 0) + 1);
  const summary = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  const hasRemarks = trials.some(({ remark }) => remark !== undefined);
  return html`<details class="trials" id="${anchor}-trials">
<summary>${countText(trials.length, "trial")} (${summary})</summary>
<div class="scroll"><table class="wide small">
<thead><tr><th scope="col">Trial</th>${factors.map((factor) => html`<th scope="col">${wordsOf(factor)}</th>`)}<th scope="col">status</th>${columns.map(([, title]) => html`<th scope="col" class="number">${title}</th>`)}${hasRemarks ? html`<th scope="col">remark</th>` : html``}</tr></thead>
<tbody>
${trials.map((trial) => trialLine(trial, factors, columns, hasRemarks))}
</tbody>
</table></div>
</details>`;
}

function trialLine(
  { id, factors, status, remark, timings }: ReportTrial,
  names: readonly string[],
  columns: typeof timingColumns,
  hasRemarks: boolean,
): Html {
  const places = names.map((name) => html`<td>${factors[name] ?? ""}</td>`);
  const times = columns.map(
    ([key]) => html`<td class="number">${timings === undefined ? "" : durationText(timings[key])}</td>`,
  );
  return html`<tr><td><code>${id}</code></td>${places}<td>${status}</td>${times}${hasRemarks ? html`<td>${remark}</td>` : html``}</tr>
`;
}
