// The content of a report as plain data, independent of its presentation.
import type { Claim, Finding, Table } from "../core/findings.js";
import type { Json } from "../core/formats/json.js";
import type { Row } from "../core/rows.js";
import type { Timings } from "../study/store/store.js";

/** One document about one or several studies. */
export interface ReportDocument {
  readonly title: string;
  /** A sentence below the title. */
  readonly subtitle?: string;
  /** Time of writing, ISO 8601 in UTC; passed in, so that the same input gives the same bytes. */
  readonly generatedAt: string;
  readonly studies: readonly ReportStudy[];
}

export interface ReportStudy {
  /** Unique within the document; used in anchors. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  /** The answer in one or two sentences with numbers. */
  readonly answer: string;
  /** What was expected before the study ran. */
  readonly expectation: string;
  /** What would refute the expectation. */
  readonly refutedBy: string;
  readonly source: string;
  /** Empty if nothing was trained: the numbers are computed, and no seed or preset changes them. */
  readonly data: readonly ReportData[];
  /** Absent if nothing was trained. */
  readonly preset?: { readonly name: string; readonly about: string };
  readonly claims: readonly Claim[];
  readonly findings: readonly Finding[];
  /** Display names of variants by id. Missing ones are derived from the id. */
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
  /** Whether the embedded sample replaces the full set; the page says so first. */
  readonly isSample: boolean;
  readonly fingerprint: string;
}

/** A rendered figure. */
export interface ReportFigure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** A complete `<svg>` element from our renderer. */
  readonly svg: string;
  /** The drawn rows, as a table for readers who cannot see the picture. */
  readonly rows: readonly Row[];
  /** What the picture shows and how to read it, for screen readers. */
  readonly description: string;
  /** Files beside the report: `[{ label: "CSV", href: "figures/normalization-curves.csv" }]`. */
  readonly files: readonly { readonly label: string; readonly href: string }[];
}

/** How the numbers were made, in enough detail to repeat them. */
export interface ReportMaking {
  /** The command that reproduces them. */
  readonly command: string;
  /** Id of the run in the store. */
  readonly run: string;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Processor, cores, memory, operating system. */
  readonly machine: string;
  readonly seeds: readonly number[];
  readonly settings: Readonly<Record<string, Json>>;
}

/** One trial of a study. */
export interface ReportTrial {
  /** Hash of its spec. */
  readonly id: string;
  /** Its position in the design: `{ variant: "dropout", seed: 3 }`. */
  readonly factors: Readonly<Record<string, string | number>>;
  /** `done`, `diverged`, `failed`, ... */
  readonly status: string;
  /** Explains the status if needed: the step of a divergence, the reason of a failure. */
  readonly remark?: string;
  /** Absent unless it has ended. */
  readonly timings?: Timings;
}
