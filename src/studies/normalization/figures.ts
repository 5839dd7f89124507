// The figures: curves of both forms, learned scale and shift, and differences between the variants.
import {
  type CurveRow,
  curveFigure,
  dotIntervalFigure,
  type Figure,
  type ViolinRow,
  violinFigure,
} from "../../figures/index.js";
import { differences, type Samples, select } from "../../study/analysis/samples.js";
import type { AnalysisContext, StudyResults } from "../../study/definition.js";
import { type Form, variants } from "./design.js";
import { layerTitles, normalizedLayers } from "./layers.js";
import { accuracies } from "./measurements.js";
import { doubleSoftmaxFloor, reportedAccuracies } from "./report.js";

const percent = (share: number): number => 100 * share;

const levels = variants.map(({ id, title }) => ({ id, title }));
const phases = [
  { id: "train", title: "Training" },
  { id: "validation", title: "Validation" },
];

export function figures(results: StudyResults, context: Pick<AnalysisContext, "data">): Figure[] {
  // Titles name the data; the report's first note gives the size of the sample.
  const dataTitle = context.data.mnist.title.replace(/ \(.*\)$/, "");
  return [
    curveFigure(curveRows(results, "corrected"), {
      id: "curves",
      title: `Loss and accuracy of LeNet-5 on ${dataTitle}`,
      caption:
        "Training values are averaged over the epoch while weights change and dropout is active, so they can lie below validation.",
      variants: levels,
      metrics: [
        { id: "loss", title: "Cross-entropy", unit: "nats", scale: "log" },
        { id: "accuracy", title: "Accuracy", unit: "%", bounds: [0, 100] },
      ],
      phases,
    }),
    dotIntervalFigure(
      variants.flatMap(({ id }) => dots(accuracies(results, "corrected", id), id, "accuracy")),
      {
        id: "accuracy",
        title: `Validation accuracy after the last epoch, ${dataTitle}`,
        caption: "Compare the distances between variants with the spread of the seeds.",
        variants: levels,
        metrics: [{ id: "accuracy", title: "Validation accuracy", unit: "%", bounds: [0, 100] }],
      },
    ),
    ...differenceFigure(results, dataTitle),
    ...scaleShiftFigure(
      results,
      "corrected",
      `Learned scale and shift of batch normalization, ${dataTitle}`,
      "scale-shift",
    ),
    curveFigure(curveRows(results, "asCoded"), {
      id: "as-coded",
      title: `The same question as the report coded it, ${dataTitle}`,
      caption:
        "Softmax before a loss that applies it again, SGD with learning rate 0.001 and no momentum. No curve can fall below the floor ln(1 + 9/e).",
      variants: levels,
      metrics: [
        {
          id: "loss",
          title: "Reported loss",
          unit: "nats",
          references: [{ value: doubleSoftmaxFloor, label: "floor 1.46115" }],
        },
        { id: "accuracy", title: "Accuracy", unit: "%", bounds: [0, 100] },
      ],
      phases,
    }),
    asCodedAgainstReport(results, dataTitle),
  ];
}

function curveRows(results: StudyResults, form: Form): CurveRow[] {
  return results
    .filter(({ factors }) => factors.form === form)
    .flatMap(({ factors, replicate, rows }) =>
      rows
        .filter(({ epoch, path }) => Number.isFinite(epoch) && path === "")
        .map(({ phase, metric, epoch, value }) => ({
          variant: String(factors.variant),
          seed: replicate,
          phase,
          metric,
          x: epoch,
          value: metric === "accuracy" ? percent(value) : value,
        })),
    );
}

/** One dot per replicate. */
function dots({ values }: Samples, variant: string, metric: string) {
  return values.map(({ replicate, value }) => ({ variant, seed: replicate, metric, value }));
}

/** Differences to the plain network, seed by seed. Needs at least two seeds, since a single difference proves nothing. */
function differenceFigure(results: StudyResults, dataTitle: string): Figure[] {
  const plain = accuracies(results, "corrected", "none");
  if (plain.values.length < 2) return [];
  const rows = variants
    .filter(({ id }) => id !== "none")
    .flatMap(({ id }) => dots(differences(accuracies(results, "corrected", id), plain), id, "difference"));
  return [
    dotIntervalFigure(rows, {
      id: "difference",
      title: `Gain over the plain network, seed by seed, ${dataTitle}`,
      caption:
        "Differences of validation accuracy between networks that share their seed. An interval that contains 0 leaves open whether accuracy rises or falls.",
      variants: levels,
      metrics: [
        {
          id: "difference",
          title: "Difference",
          unit: "percentage points",
          references: [{ value: 0, label: "no effect" }],
        },
      ],
    }),
  ];
}

function scaleShiftFigure(results: StudyResults, form: Form, title: string, id: string): Figure[] {
  const rows: ViolinRow[] = [];
  const used = new Set<string>();
  for (const { id: variant } of variants) {
    for (const { spec, tensors, replicate: seed } of select(results, { form, variant })) {
      for (const { path, id: layer } of normalizedLayers(spec)) {
        used.add(layer);
        for (const value of tensors[`${path}.weight`] ?? [])
          rows.push({ variant, seed, layer, metric: "scale", value });
        for (const value of tensors[`${path}.bias`] ?? []) rows.push({ variant, seed, layer, metric: "shift", value });
      }
    }
  }
  if (rows.length === 0) return [];
  return [
    violinFigure(rows, {
      id,
      title,
      caption: "Scales start at 1 and shifts at 0. The input layer has one channel, so there is one value a network.",
      variants: levels,
      layers: Object.entries(layerTitles)
        .filter(([layer]) => used.has(layer))
        .map(([layer, layerTitle]) => ({ id: layer, title: layerTitle })),
      metrics: [
        { id: "scale", title: "Scale (gamma)", references: [{ value: 1, label: "initial" }] },
        { id: "shift", title: "Shift (beta)", references: [{ value: 0, label: "initial" }] },
      ],
    }),
  ];
}

/** Validation accuracy against updates: ours as coded, and the report's own log. */
function asCodedAgainstReport(results: StudyResults, dataTitle: string): Figure {
  const ours = results
    .filter(({ factors }) => factors.form === "asCoded")
    .flatMap(({ factors, replicate, rows }) =>
      rows
        .filter(({ phase, metric }) => phase === "validation" && metric === "accuracy")
        .map(({ step, value }) => ({
          variant: String(factors.variant),
          seed: replicate,
          phase: "ours",
          metric: "accuracy",
          x: step,
          value: percent(value),
        })),
    );
  const theirs = reportedAccuracies.map(({ variant, step, accuracy }) => ({
    variant,
    seed: 0,
    phase: "report",
    metric: "accuracy",
    x: step,
    value: percent(accuracy),
  }));
  return curveFigure([...ours, ...theirs], {
    id: "report",
    title: `As coded: this run (${dataTitle}) beside the report's log`,
    caption:
      "Both against the number of updates, since the embedded sample makes shorter epochs. The report's log is one run of each variant on all of MNIST.",
    variants: levels,
    metrics: [{ id: "accuracy", title: "Validation accuracy", unit: "%", bounds: [0, 100] }],
    phases: [
      { id: "ours", title: "This run" },
      { id: "report", title: "Report" },
    ],
    x: { name: "step", title: "Updates", scale: "log" },
  });
}
