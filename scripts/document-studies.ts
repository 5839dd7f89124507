// Writes the presets and settings of every trained study into docs/studies/<id>.md from its definition: `npm run docs`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { studies } from "../src/studies/index.js";
import { presetNames, type StudyDefinition } from "../src/study/definition.js";
import { rangeText, typeText } from "../src/study/setting-form.js";
import { presetOf, resolveSettings, settingForms, settingText } from "../src/study/settings.js";

type Trained = Extract<StudyDefinition, { kind: "trained" }>;

const [begin, end] = ["<!-- presets and settings, made by npm run docs -->", "<!-- end of settings -->"];

/** Studies that have presets and settings to document. */
export const documentedStudies: readonly Trained[] = Object.values(studies).filter((study) => study.kind === "trained");

/** The page of a study. */
export const studyPage = (id: string): URL => new URL(`../docs/studies/${id}.md`, import.meta.url);

const line = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");

/** The page with the tables in it. */
export function documented(text: string, study: Trained): string {
  const names = presetNames(study);
  const presets = names.map((name) => {
    const { seeds, about } = presetOf(study, name);
    return [name, seeds, about];
  });
  const values = names.map((name) => resolveSettings(study, name));
  const settings = [...settingForms(study)].map(([name, form]) => [
    `\`${name}\``,
    form.about,
    typeText(form),
    form.unit,
    rangeText(form),
    ...values.map((settingsOfPreset) => settingText(settingsOfPreset[name])),
  ]);
  const tables = [
    table(["preset", "seeds", "size"], presets),
    table(["setting", "meaning", "type", "unit", "range", ...names], settings),
  ].join("\n\n");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/studies/${study.id}.md lacks the marks of the tables`);
  return `${text.slice(0, from + begin.length)}\n\n${tables}\n\n${text.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const study of documentedStudies) {
    const page = studyPage(study.id);
    writeFileSync(page, documented(readFileSync(page, "utf8"), study));
  }
}
