// What probes found, as the table that `trainscope train --probe` ends with and as JSON.
import type { Row } from "../../core/rows.js";
import { mostCounted } from "../../probes/histogram.js";
import { gradientNoise, gradientNoiseScale } from "../../probes/noise-scale.js";
import type { ProbeReading } from "../../train/trial/events.js";
import { formatNumber, formatTable, type TableColumn } from "../output.js";

/** What is told of a reading, whichever network it is of. */
export type Look = Omit<ProbeReading, "network">;

/** One JSON line for a look: `{"step":100,"examples":64,"probes":[...],"histograms":[...],"samples":[...]}`. */
export function probeDocument({ step, examples, values, histograms, samples }: Look): object {
  return {
    step,
    examples,
    probes: values,
    ...(histograms.length === 0
      ? {}
      : { histograms: histograms.map(({ counts, ...rest }) => ({ ...rest, counts: [...counts] })) }),
    ...(samples.length === 0
      ? {}
      : { samples: samples.map(({ values: own, ...rest }) => ({ ...rest, values: [...own] })) }),
  };
}

interface TableForm {
  readonly title: string;
  readonly name: TableColumn;
  /** Column title, what is looked at, which statistic. */
  readonly columns: readonly (readonly [title: string, of: string, statistic: string])[];
}

const forms: readonly TableForm[] = [
  {
    title: "non-linearities",
    name: { key: "path", title: "layer" },
    columns: [
      ["input dev.", "preActivations", "deviation"],
      ["mean", "activations", "mean"],
      ["deviation", "activations", "deviation"],
      ["dead", "activations", "deadFraction"],
      ["saturated", "activations", "saturatedFraction"],
      ["gradient rms", "activationGradients", "rootMeanSquare"],
    ],
  },
  {
    title: "parameters",
    name: { key: "path", title: "parameter" },
    columns: [
      ["norm", "weights", "norm"],
      ["gradient", "gradients", "norm"],
      ["update", "updates", "norm"],
      ["update/norm", "updates", "relativeNorm"],
      ["effective rate", "updates", "effectiveLearningRate"],
    ],
  },
];

/** The last look as tables: one of the non-linearities, one of the parameters; "" when there was none. */
export function probeText(looks: readonly Look[], width: number): string {
  const last = looks.at(-1);
  if (last === undefined) return "";
  const tables = forms.flatMap((form) => tableText(last, form, width));
  const texts = [...tables, histogramText(last), noiseText(looks)].filter((text) => text !== "");
  return texts.map((text) => `${text.trimEnd()}\n`).join("\n");
}

function tableText({ step, values }: Look, { title, name, columns }: TableForm, width: number): string[] {
  const numbers = new Map(values.map(({ of, path, statistic, value }) => [`${of} ${path} ${statistic}`, value]));
  const paths = [...new Set(values.flatMap(({ of, path }) => (columns.some((c) => c[1] === of) ? [path] : [])))];
  const rows = paths.map((path): Row => {
    const found = columns.map(([column, of, statistic]) => [column, numbers.get(`${of} ${path} ${statistic}`) ?? null]);
    return { path, ...Object.fromEntries(found) };
  });
  const used = columns.filter(([column]) => rows.some((row) => row[column] !== null));
  if (rows.length === 0 || used.length === 0) return [];
  const shown = [name, ...used.map(([column]) => ({ key: column, title: column }))];
  return [`${title} at step ${formatNumber(step)}\n${formatTable(shown, rows, width)}`];
}

/** Which histograms of a look do not count every element. */
function histogramText({ histograms }: Look): string {
  const strides = histograms.flatMap(({ stride }) => (stride > 1 ? [stride] : []));
  if (strides.length === 0) return "";
  const [fewest, most] = [Math.min(...strides), Math.max(...strides)].map((stride) => formatNumber(stride));
  const shares = fewest === most ? `1 in ${most}` : `1 in ${fewest} to 1 in ${most}`;
  const which = `${strides.length} of ${histograms.length}`;
  return `histograms of tensors with more than ${formatNumber(mostCounted)} elements count ${shares} of them (${which} histograms)\n`;
}

/** The noise scale of all looks together, where it was measured. Every look halves the batch that it looks at. */
function noiseText(looks: readonly Look[]): string {
  const measured = looks.flatMap(({ values, examples }) => {
    const value = (name: string): number | undefined => values.find(({ statistic }) => statistic === name)?.value;
    const [half, whole] = [value("halfBatchSquaredNorm"), value("batchSquaredNorm")];
    if (half === undefined || whole === undefined || Number.isNaN(half)) return [];
    return [gradientNoise({ halfBatchSquaredNorm: half, batchSquaredNorm: whole }, Math.floor(examples / 2))];
  });
  if (measured.length === 0) return "";
  const scale = gradientNoiseScale(measured);
  const found =
    scale === undefined
      ? "not to be told from noise yet: look more often"
      : `${formatNumber(Math.round(scale))} examples: much larger batches than that bring little`;
  return `gradient noise scale over ${measured.length} looks: ${found}\n`;
}
