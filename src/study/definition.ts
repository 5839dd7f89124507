// A study: a question, the trials that answer it stage by stage, and the analysis of their results.
//
//   settings -> stage: trials -> results -> next stage: trials -> results -> analysis
//
// A computed study has no trials, only an analysis.
import type * as z from "zod";
import type { Claim, Finding, Table } from "../core/findings.js";
import type { Json } from "../core/formats/json.js";
import type { MetricRow, SeriesBlock } from "../core/rows.js";
import type { Figure } from "../figures/figure.js";
import type { DataUseInput } from "../train/spec/data-use.js";
import type { TrialSpec } from "../train/spec/trial-spec.js";
import type { KeptTensor, MeasurementPlan } from "./measurement.js";

/** The description of a study, for the report, the command line and the documentation. */
export interface StudyText {
  /** The name on the command line: `normalization`. */
  readonly id: string;
  readonly title: string;
  /** The question of the user. */
  readonly question: string;
  /** The expectation of the field. */
  readonly expectation: string;
  /** The result that would refute the expectation. */
  readonly refutedBy: string;
  /** The source of the claims or of the question. */
  readonly source: string;
  /** Names of the variants in findings and figures; in a trained study, also the differences between its trials. */
  readonly factors: readonly Factor[];
}

/** A varied quantity. */
export interface Factor {
  readonly id: string;
  readonly title: string;
  /** Its levels in the order of tables and figures. An empty list allows any level, such as any learning rate. */
  readonly levels: readonly Level[];
}

export interface Level {
  readonly id: string | number;
  readonly title: string;
}

/** A level of every factor: `{ variant: "dropout", form: "corrected" }`. */
export type Factors = Readonly<Record<string, string | number>>;

export type StudyDefinition = TrainedStudy<z.ZodObject> | ComputedStudy;

/** A study that trains nothing, without data, seeds and settings. */
export interface ComputedStudy extends StudyText {
  readonly kind: "computed";
  compute(context: ComputeContext): Analysis | Promise<Analysis>;
}

export interface ComputeContext {
  /** Computations that take more than a few seconds check it. */
  readonly signal?: Pick<AbortSignal, "aborted">;
}

/** A study that trains. Make one with `defineStudy`, which infers the type of the settings. */
export interface TrainedStudy<S extends z.ZodObject> extends StudyText {
  readonly kind: "trained";
  /**
   * The schema of the user's settings: numbers with ranges, choices, lists, any JSON. `.meta({ description, unit })` explains
   * a setting. Flags, checks, help and documentation derive from it.
   */
  readonly settings: S;
  /** Sizes of the experiment. The study chooses the names, of which `quick` must be one. */
  readonly presets: Presets<z.input<S>>;
  /** The preset `smoke` as a change of `quick`: the whole study in seconds, for tests. */
  readonly smoke: Preset<Partial<z.input<S>>>;
  /** Data sets by their role in the study. */
  readonly data: Readonly<Record<string, DataRequirement>>;
  /** At least one. Later stages see the results of earlier ones. */
  readonly stages: readonly Stage<z.output<S>>[];
  analyze(results: StudyResults, context: AnalysisContext<z.output<S>>): Analysis;
}

export interface Preset<Settings> {
  readonly settings: Settings;
  /** Number of replicates. */
  readonly seeds: number;
  /** One line for help and reports: `3 seeds of 3 epochs`. */
  readonly about: string;
}

export type Presets<Settings> = Readonly<Record<string, Preset<Settings>>> & { readonly quick: Preset<Settings> };

/** The name of a data set as `--data` takes it: `mnist`, `ball:points=500`. */
export type DataRequirement = string;

/** Trials that run side by side. */
export interface Stage<Settings> {
  readonly id: string;
  /** The same context must give the same trials, because a resumed run is designed again. */
  design(context: StageContext<Settings>): readonly PlannedTrial[];
}

export interface StageContext<Settings> {
  readonly settings: Settings;
  /** One per replicate. */
  readonly seeds: readonly number[];
  /** The data of a spec for this role. Spread it to change its scaling or number of examples. */
  data(role: string): DataUseInput;
  /** Number of training examples of the data set in this role. */
  examples(role: string): number;
  /** Results of the earlier stages, in design order. Empty in the first stage. */
  readonly earlier: StudyResults;
}

/** One trial of a design: its place, its complete spec, and its measurements. */
export interface PlannedTrial {
  readonly factors: Factors;
  /** Number of the repetition. It distinguishes trials with equal factors, and pairs trials with different factors. */
  readonly replicate: number;
  readonly spec: TrialSpec;
  readonly measure: MeasurementPlan;
}

/** The results of a finished trial, in its place in the design. */
export interface TrialResult extends PlannedTrial {
  /** Hash of the spec. */
  readonly id: string;
  /** The stage that designed it. */
  readonly stage: string;
  /** Number of networks; 1 for a single training. */
  readonly networks: number;
  /** `diverged`: no network is left. */
  readonly status: "done" | "diverged";
  /** Indices of the diverged networks; that of a single training is 0. */
  readonly diverged: readonly number[];
  /** Every series as one block, including measurements for other studies. */
  readonly series: readonly SeriesBlock[];
  /** The same as tidy rows, made on request. */
  readonly rows: readonly MetricRow[];
  readonly kept: readonly KeptTensor[];
  /** Tensors of a single training that were kept at its end, as numbers by path. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

/** Every finished trial, in design order. */
export type StudyResults = readonly TrialResult[];

/** The identity of a run's data. */
export interface DataIdentity {
  /** `MNIST`, or the title of the sample. */
  readonly title: string;
  readonly isSample: boolean;
  readonly fingerprint: string;
}

export interface AnalysisContext<Settings = Readonly<Record<string, Json>>> {
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly preset: string;
  /** The data by role. Every figure title includes the titles. */
  readonly data: Readonly<Record<string, DataIdentity>>;
}

/** The conclusions of a study. */
export interface Analysis {
  /**
   * The answer to the study's question in one or two sentences with numbers and their intervals, each of them a finding.
   * Report and command line print it first.
   */
  readonly answer: string;
  readonly findings: readonly Finding[];
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
  /** Paragraphs that explain the numbers to a reader. */
  readonly notes: readonly string[];
}

/** A trained study whose stages and analysis know the type of their settings: `defineStudy({ kind: "trained", ... })`. */
export function defineStudy<S extends z.ZodObject>(study: TrainedStudy<S>): TrainedStudy<S> {
  return study;
}

/** The default preset. */
export const defaultPreset = "quick";

/** The preset for tests and for a first impression. */
export const smokePreset = "smoke";

/** Names of the presets of a study, including `smoke`. Empty if nothing is trained. */
export function presetNames(study: StudyDefinition): string[] {
  return study.kind === "computed" ? [] : [...Object.keys(study.presets), smokePreset];
}

/** Titles of all levels by their ids, for findings that name a level as their variant. */
export function levelTitles({ factors }: StudyText): Record<string, string> {
  return Object.fromEntries(factors.flatMap(({ levels }) => levels.map(({ id, title }) => [String(id), title])));
}
