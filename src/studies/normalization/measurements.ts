// Measurements of the trials for claims and figures.
import { inPercent, lastOf, type Quantity, type Samples, select } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import type { Form } from "./design.js";

/** The last value of a quantity in each trial of one form and variant. */
export function lastValues(results: StudyResults, form: Form, variant: string, quantity: Quantity): Samples {
  return lastOf(select(results, { form, variant }), quantity);
}

/** Validation accuracy in percent after the last epoch. */
export function accuracies(results: StudyResults, form: Form, variant: string): Samples {
  return inPercent(lastValues(results, form, variant, { phase: "validation", metric: "accuracy" }));
}

/** Validation loss after the last epoch. */
export function losses(results: StudyResults, form: Form, variant: string): number[] {
  return lastValues(results, form, variant, { phase: "validation", metric: "loss" }).values.map(({ value }) => value);
}
