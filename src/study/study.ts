// A study: a question, the trials that answer it, and how their rows become findings, claims and figures.
import type { Claim, Finding, Table } from "../core/findings.js";
import type { MetricRow } from "../core/rows.js";
import type { Figure } from "../figures/figure.js";
import type { TrialSpec } from "../train/spec/trial-spec.js";

export const presetNames = ["quick", "standard", "paper"] as const;
export type PresetName = (typeof presetNames)[number];

/** Numbers that `--set key=value` may change. */
export type Settings = Readonly<Record<string, number>>;

/** One trial of a design: its place in the design, and its complete spec. */
export interface StudyTrial {
  /** Level of each factor: `{ variant: "dropout", seed: 3 }`. */
  readonly factors: Readonly<Record<string, string | number>>;
  readonly spec: TrialSpec;
}

/** What a finished trial left behind. */
export interface TrialResult extends StudyTrial {
  readonly id: string;
  readonly status: "done" | "diverged";
  readonly rows: readonly MetricRow[];
  /** Final parameters and buffers that the study asked for, by path. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

/** What a study says once its trials are done. */
export interface Analysis {
  readonly findings: readonly Finding[];
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
  /** Paragraphs that explain the numbers to a reader. */
  readonly notes: readonly string[];
}

export interface DesignContext {
  readonly settings: Settings;
  readonly seeds: readonly number[];
  /** Fingerprint of the data that the trials will use; part of every spec. Empty for a study without data. */
  readonly fingerprint: string;
}

export interface AnalysisContext extends DesignContext {
  /** `MNIST`, or the title of the sample; goes into every figure title. Empty for a study without data. */
  readonly dataTitle: string;
  readonly isSample: boolean;
  readonly preset: PresetName;
}

export interface StudyDefinition {
  readonly id: string;
  readonly title: string;
  /** The question that a user asks. */
  readonly question: string;
  /** What the field expects, and what would refute it. */
  readonly expectation: string;
  readonly source: string;
  /**
   * What its trials train on. Absent where nothing is trained: the design is empty, the presets have no seeds, and
   * `analyze` computes everything itself.
   */
  readonly dataset?: string;
  /** Names of the variants for people, in the order of tables and figures. */
  readonly variants: readonly { readonly id: string; readonly title: string }[];
  /** For each preset: default settings and number of seeds. */
  readonly presets: Readonly<
    Record<PresetName, { readonly settings: Settings; readonly seeds: number; readonly about: string }>
  >;
  /** What each setting means, with unit and valid range. */
  readonly settings: Readonly<
    Record<
      string,
      { readonly about: string; readonly minimum: number; readonly maximum: number; readonly integer: boolean }
    >
  >;
  /** Paths of the final tensors to keep from a trial. */
  keepTensors(spec: TrialSpec): readonly string[];
  design(context: DesignContext): readonly StudyTrial[];
  analyze(results: readonly TrialResult[], context: AnalysisContext): Analysis;
}
