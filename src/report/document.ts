// What a report says, as plain data: everything that the page shows, nothing of how it looks.
import type { Claim, Finding, Table } from "../core/findings.js";

/** One document for one or several studies. */
export interface ReportDocument {
  readonly title: string;
  /** A sentence under the title. */
  readonly subtitle?: string;
  /** When the document was written, ISO 8601 in UTC; given from outside so that the same input gives the same bytes. */
  readonly generatedAt: string;
  readonly studies: readonly ReportStudy[];
}

export interface ReportStudy {
  /** Unique within the document; names anchors. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly expectation: string;
  readonly source: string;
  /** Absent where nothing was trained: the numbers are computed, and no seed or preset changes them. */
  readonly data?: ReportData;
  readonly preset: { readonly name: string; readonly about: string };
  readonly claims: readonly Claim[];
  readonly findings: readonly Finding[];
  /** Names of variants for people, by id. Missing ones are made from the id. */
  readonly variantTitles: Readonly<Record<string, string>>;
  readonly figures: readonly ReportFigure[];
  readonly tables: readonly Table[];
  /** Paragraphs of plain text. */
  readonly notes: readonly string[];
  readonly making: ReportMaking;
  readonly trials: readonly ReportTrial[];
}

export interface ReportData {
  /** `MNIST`, or the title of the sample. */
  readonly title: string;
  /** The embedded sample stands in for the full set: the page says so before anything else. */
  readonly isSample: boolean;
  readonly fingerprint: string;
}

/** A figure as drawn. */
export interface ReportFigure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** A whole `<svg>` element, made by our renderer. */
  readonly svg: string;
  /** Files beside the report: `[{ label: "CSV", href: "figures/normalization-curves.csv" }]`. */
  readonly files: readonly { readonly label: string; readonly href: string }[];
}

/** How the numbers came about, enough to repeat them. */
export interface ReportMaking {
  /** The command that makes them again. */
  readonly command: string;
  /** Id of the run in the store. */
  readonly run: string;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Processor, cores, memory, operating system. */
  readonly machine: string;
  readonly seeds: readonly number[];
  readonly settings: Readonly<Record<string, number>>;
}

/** One trial of a study. */
export interface ReportTrial {
  /** Hash of its spec. */
  readonly id: string;
  /** Its place in the design: `{ variant: "dropout", seed: 3 }`. */
  readonly factors: Readonly<Record<string, string | number>>;
  /** `done`, `diverged`, `failed`, ... */
  readonly status: string;
  /** What happened, where the status needs a word: the step of a divergence, the reason of a failure. */
  readonly remark?: string;
  /** Milliseconds by phase: `{ compile, train, evaluate }`. */
  readonly timings: Readonly<Record<string, number>>;
}
