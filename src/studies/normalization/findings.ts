// The numbers of the study: what each variant reaches, and what each gains over the plain network.
import type { Finding, Table } from "../../core/findings.js";
import { meanEstimate } from "../../core/statistics/intervals.js";
import type { TrialResult } from "../../study/study.js";
import { type Form, reportedVariants, type Variant, variants } from "./design.js";
import { accuracies, lastValues, type Measurement, meanText, pairedDifference, percent } from "./measurements.js";
import { finalReported } from "./report.js";

interface Quantity {
  readonly id: string;
  readonly title: string;
  /** Heads a column. */
  readonly short: string;
  readonly unit: string;
  read(results: readonly TrialResult[], form: Form, variant: string): Measurement[];
}

const quantities: readonly Quantity[] = [
  {
    id: "validationAccuracy",
    title: "Validation accuracy after the last epoch",
    short: "Valid. acc. (%)",
    unit: "%",
    read: accuracies,
  },
  {
    id: "trainAccuracy",
    title: "Training accuracy over the last epoch",
    short: "Train acc. (%)",
    unit: "%",
    read: (results, form, variant) =>
      lastValues(results, form, variant, "train", "accuracy").map(({ seed, value }) => ({
        seed,
        value: percent(value),
      })),
  },
  {
    id: "validationLoss",
    title: "Validation loss after the last epoch",
    short: "Valid. loss",
    unit: "nats",
    read: (results, form, variant) => lastValues(results, form, variant, "validation", "loss"),
  },
  {
    id: "trainLoss",
    title: "Training loss over the last epoch",
    short: "Train loss",
    unit: "nats",
    read: (results, form, variant) => lastValues(results, form, variant, "train", "loss"),
  },
];

const forms: readonly {
  readonly form: Form;
  readonly prefix: string;
  readonly suffix: string;
  readonly variants: readonly Variant[];
}[] = [
  { form: "corrected", prefix: "", suffix: "", variants },
  { form: "asCoded", prefix: "asCoded.", suffix: ", as the report coded it", variants: reportedVariants },
];

export function findings(results: readonly TrialResult[]): Finding[] {
  const found: Finding[] = [];
  for (const { form, prefix, suffix, variants: members } of forms) {
    for (const quantity of quantities) {
      for (const { id: variant } of members) {
        const values = quantity.read(results, form, variant).map(({ value }) => value);
        if (values.length === 0) continue;
        const about = {
          id: `${prefix}${quantity.id}`,
          title: `${quantity.title}${suffix}`,
          unit: quantity.unit,
          variant,
        };
        found.push({ ...about, ...meanEstimate(values) });
      }
    }
  }
  return [...found, ...gains(results)];
}

/** Paired differences of validation accuracy to the network with neither. */
function gains(results: readonly TrialResult[]): Finding[] {
  const plain = accuracies(results, "corrected", "none");
  return variants.slice(1).flatMap(({ id: variant }) => {
    const estimate = pairedDifference(accuracies(results, "corrected", variant), plain);
    const about = {
      id: "gain",
      title: "Gain in validation accuracy over the plain network, same seeds",
      unit: "percentage points",
      variant,
    };
    return estimate === undefined ? [] : [{ ...about, ...estimate }];
  });
}

/** Means with intervals, a line a variant, for both forms. */
export function tables(results: readonly TrialResult[]): Table[] {
  return [
    formTable(results, forms[0], "means", "Last epoch: means over seeds ± half-width of the 95 % t interval"),
    formTable(
      results,
      forms[1],
      "as-coded-means",
      "As the report coded it, beside the accuracy that it printed after 30 epochs",
    ),
  ];
}

function formTable(
  results: readonly TrialResult[],
  { form, variants: members }: (typeof forms)[number],
  id: string,
  title: string,
): Table {
  const reported = form === "asCoded";
  return {
    id,
    title,
    columns: [
      { key: "variant", title: "Variant" },
      { key: "n", title: "Seeds" },
      ...quantities.map((quantity) => ({ key: quantity.id, title: quantity.short })),
      ...(reported ? [{ key: "reported", title: "Report (%)" }] : []),
    ],
    rows: members.map(({ id: variant, title: name }) => {
      const cells = quantities.map((quantity): [string, string] => {
        const values = quantity.read(results, form, variant).map(({ value }) => value);
        const digits = quantity.unit === "%" ? 2 : 4;
        return [quantity.id, values.length === 0 ? "none" : meanText(meanEstimate(values), digits)];
      });
      const n = accuracies(results, form, variant).length;
      return {
        variant: name,
        n,
        ...Object.fromEntries(cells),
        ...(reported ? { reported: finalReported(variant).toFixed(2) } : {}),
      };
    }),
  };
}
