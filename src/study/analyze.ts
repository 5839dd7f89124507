// Analyzes the results of a run. Only this file makes the context of an analysis.
import type * as z from "zod";
import { countText } from "./analysis/number-text.js";
import type { Analysis, AnalysisContext, DataIdentity, StudyResults, TrainedStudy } from "./definition.js";
import { defaultPreset } from "./definition.js";
import type { Settings } from "./settings.js";

/** The facts of a run about its trials. */
export interface RunFacts {
  readonly preset?: string;
  readonly settings: Settings;
  readonly seeds: readonly number[];
  /** By role. */
  readonly data: Readonly<Record<string, DataIdentity>>;
}

/** Analyzes the results of a run. A note names diverged networks, whatever the study does with them. */
export function analyzeResults(
  study: TrainedStudy<z.ZodObject>,
  results: StudyResults,
  { preset = defaultPreset, settings, seeds, data }: RunFacts,
): Analysis {
  const context: AnalysisContext<Readonly<Record<string, unknown>>> = { preset, settings, seeds, data };
  const analysis = study.analyze(results, context);
  return { ...analysis, notes: [...analysis.notes, ...divergenceNotes(results)] };
}

/** One sentence about the networks that diverged, if any did. */
export function divergenceNotes(results: StudyResults): string[] {
  const networks = results.reduce((sum, result) => sum + result.networks, 0);
  const affected = results.filter(({ diverged }) => diverged.length > 0);
  const lost = affected.reduce((sum, { diverged }) => sum + diverged.length, 0);
  if (lost === 0) return [];
  const places = affected.map(({ factors, replicate, diverged, networks: all }) => {
    const place = [...Object.values(factors), `replicate ${replicate}`].join(", ");
    return all === 1 ? place : `${countText(diverged.length)} of ${countText(all)} in ${place}`;
  });
  return [
    `Of ${countText(networks, "network")} ${countText(lost)} diverged and ${lost === 1 ? "is" : "are"} excluded from means: ${places.join("; ")}.`,
  ];
}
