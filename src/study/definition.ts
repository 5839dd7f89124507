// A study: a question, the trials that answer it stage by stage, and how their results become findings, claims and figures.
//
//   settings -> stage: trials -> results -> next stage: trials -> results -> analysis
//
// A study that computes has no trials: it goes straight to its analysis.
import type * as z from "zod";
import type { Claim, Finding, Table } from "../core/findings.js";
import type { Json } from "../core/formats/json.js";
import type { MetricRow, SeriesBlock } from "../core/rows.js";
import type { Figure } from "../figures/figure.js";
import type { DataUseInput } from "../train/spec/data-use.js";
import type { TrialSpec } from "../train/spec/trial-spec.js";
import type { KeptTensor, MeasurementPlan } from "./measurement.js";

/** What a study is about, for people: the report, the command line and the documentation print it. */
export interface StudyText {
  /** The name on the command line: `normalization`. */
  readonly id: string;
  readonly title: string;
  /** The question that a user asks. */
  readonly question: string;
  /** What the field expects. */
  readonly expectation: string;
  /** The result that would refute the expectation. */
  readonly refutedBy: string;
  /** Whose claims are judged, or who asked first. */
  readonly source: string;
  /** What the variants of findings and figures are called. In a trained study also what its trials differ in. */
  readonly factors: readonly Factor[];
}

/** Something that is varied. */
export interface Factor {
  readonly id: string;
  readonly title: string;
  /** Its levels in the order of tables and figures. An empty list allows any level: learning rates, for instance. */
  readonly levels: readonly Level[];
}

export interface Level {
  readonly id: string | number;
  readonly title: string;
}

/** A level of every factor: `{ variant: "dropout", form: "corrected" }`. */
export type Factors = Readonly<Record<string, string | number>>;

export type StudyDefinition = TrainedStudy<z.ZodObject> | ComputedStudy;

/** A study that trains nothing: no data, no seeds, no settings. */
export interface ComputedStudy extends StudyText {
  readonly kind: "computed";
  compute(context: ComputeContext): Analysis | Promise<Analysis>;
}

export interface ComputeContext {
  /** Work that takes longer than a few seconds looks at it. */
  readonly signal?: Pick<AbortSignal, "aborted">;
}

/** A study that trains. Make one with `defineStudy`, which infers the type of the settings. */
export interface TrainedStudy<S extends z.ZodObject> extends StudyText {
  readonly kind: "trained";
  /**
   * What a user may change, as a schema: numbers with ranges, choices, lists, any JSON. `.meta({ description, unit })`
   * says what a setting means. Flags, checks, help and documentation derive from it.
   */
  readonly settings: S;
  /** Sizes of the experiment; the names are the study's own, and `quick` is one of them. */
  readonly presets: Presets<z.input<S>>;
  /** The preset `smoke`, as a change of `quick`: everything that the study does, in seconds. Its test runs it. */
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
  /** The same context gives the same trials: a run that is resumed is designed again. */
  design(context: StageContext<Settings>): readonly PlannedTrial[];
}

export interface StageContext<Settings> {
  readonly settings: Settings;
  /** One a replicate. */
  readonly seeds: readonly number[];
  /** What a spec says of the data set in this role; change its scaling or number of examples by spreading it. */
  data(role: string): DataUseInput;
  /** Training examples of the data set in this role. */
  examples(role: string): number;
  /** Results of the stages before, in design order. Empty in the first one. */
  readonly earlier: StudyResults;
}

/** One trial of a design: its place in the design, its complete spec, and what to keep of it. */
export interface PlannedTrial {
  readonly factors: Factors;
  /** Which repetition it is: trials of equal factors differ in it, trials of equal replicates are compared in pairs. */
  readonly replicate: number;
  readonly spec: TrialSpec;
  readonly measure: MeasurementPlan;
}

/** What a finished trial left behind, in its place in the design. */
export interface TrialResult extends PlannedTrial {
  /** Hash of the spec. */
  readonly id: string;
  /** Which stage designed it. */
  readonly stage: string;
  /** 1 for a single training. */
  readonly networks: number;
  /** `diverged`: no network is left. */
  readonly status: "done" | "diverged";
  /** Numbers of the networks that diverged; 0 is that of a single training. */
  readonly diverged: readonly number[];
  /** Every series in one block. Measurements that other studies asked for are among them. */
  readonly series: readonly SeriesBlock[];
  /** The same as tidy rows, made when they are asked for. */
  readonly rows: readonly MetricRow[];
  readonly kept: readonly KeptTensor[];
  /** Tensors that were kept of a single training at its end, as numbers by path. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

/** Every finished trial, in design order. */
export type StudyResults = readonly TrialResult[];

/** Which data a run used. */
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
  /** The data by its role. Titles go into every figure title. */
  readonly data: Readonly<Record<string, DataIdentity>>;
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

/** A trained study whose stages and analysis know the type of their settings: `defineStudy({ kind: "trained", ... })`. */
export function defineStudy<S extends z.ZodObject>(study: TrainedStudy<S>): TrainedStudy<S> {
  return study;
}

/** The preset that is used unless another is asked for. */
export const defaultPreset = "quick";

/** The preset that tests run, and users for a first look. */
export const smokePreset = "smoke";

/** Names of the presets of a study, `smoke` included. None where nothing is trained. */
export function presetNames(study: StudyDefinition): string[] {
  return study.kind === "computed" ? [] : [...Object.keys(study.presets), smokePreset];
}

/** Titles of all levels by their ids, for findings that name a level as their variant. */
export function levelTitles({ factors }: StudyText): Record<string, string> {
  return Object.fromEntries(factors.flatMap(({ levels }) => levels.map(({ id, title }) => [String(id), title])));
}
