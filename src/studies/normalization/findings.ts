// The numbers of the study: the results of each variant, and its differences to the plain network.
import type { Finding, Table } from "../../core/findings.js";
import { estimateText, survivorsText } from "../../study/analysis/number-text.js";
import { findingsOf, inPercent, meanOf, paired, type Samples } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { type Form, reportedVariants, type Variant, variants } from "./design.js";
import { accuracies, lastValues } from "./measurements.js";
import { finalReported } from "./report.js";

interface Quantity {
  readonly id: string;
  readonly title: string;
  /** Column heading. */
  readonly short: string;
  readonly unit: string;
  read(results: StudyResults, form: Form, variant: string): Samples;
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
      inPercent(lastValues(results, form, variant, { phase: "train", metric: "accuracy" })),
  },
  {
    id: "validationLoss",
    title: "Validation loss after the last epoch",
    short: "Valid. loss",
    unit: "nats",
    read: (results, form, variant) => lastValues(results, form, variant, { phase: "validation", metric: "loss" }),
  },
  {
    id: "trainLoss",
    title: "Training loss over the last epoch",
    short: "Train loss",
    unit: "nats",
    read: (results, form, variant) => lastValues(results, form, variant, { phase: "train", metric: "loss" }),
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

export function findings(results: StudyResults): Finding[] {
  const found: Finding[] = [];
  for (const { form, prefix, suffix, variants: members } of forms) {
    for (const quantity of quantities) {
      for (const { id: variant } of members) {
        const about = {
          id: `${prefix}${quantity.id}`,
          title: `${quantity.title}${suffix}`,
          unit: quantity.unit,
          variant,
        };
        found.push(...findingsOf(about, meanOf(quantity.read(results, form, variant))));
      }
    }
  }
  return [...found, ...gains(results)];
}

/** Paired differences in validation accuracy to the network with neither. */
function gains(results: StudyResults): Finding[] {
  const plain = accuracies(results, "corrected", "none");
  return variants.slice(1).flatMap(({ id: variant }) => {
    const about = {
      id: "gain",
      title: "Gain in validation accuracy over the plain network, same seeds",
      unit: "percentage points",
      variant,
    };
    return findingsOf(about, paired(accuracies(results, "corrected", variant), plain));
  });
}

/** Means with intervals, one row per variant, for both forms. */
export function tables(results: StudyResults): Table[] {
  return [
    formTable(results, forms[0], "means", "Last epoch: means over seeds with 95 % t intervals"),
    formTable(
      results,
      forms[1],
      "as-coded-means",
      "As the report coded it, beside the accuracy that it printed after 30 epochs",
    ),
  ];
}

function formTable(
  results: StudyResults,
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
        const estimate = meanOf(quantity.read(results, form, variant));
        const digits = quantity.unit === "%" ? 2 : 4;
        return [quantity.id, estimate === undefined ? "none" : estimateText(estimate, digits)];
      });
      const { values, of } = accuracies(results, form, variant);
      const n = values.length === of ? of : survivorsText({ n: values.length, of });
      return {
        variant: name,
        n,
        ...Object.fromEntries(cells),
        ...(reported ? { reported: finalReported(variant).toFixed(2) } : {}),
      };
    }),
  };
}
