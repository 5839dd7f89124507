// Reports of finished studies: after a run, and again later from the store.
import { resolve } from "node:path";
import { type WriteReportOptions, type WrittenReport, writeReport } from "../../node/report-files.js";

export type ReportPart = WriteReportOptions["studies"][number];

/** Writes one report for one or several studies. */
export async function writeStudyReport(
  parts: readonly ReportPart[],
  folder: string,
  generatedAt: string,
): Promise<WrittenReport> {
  const title = parts.length === 1 ? parts[0].study.title : "Trainscope lab report";
  return writeReport({ folder: resolve(folder), title, generatedAt, studies: parts });
}
