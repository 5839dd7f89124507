// Reports of finished studies: after a run, and again later from the store.
import { resolve } from "node:path";
import { makeFolder } from "../../node/files/make-folder.js";
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

/** Makes the folder of a report before the work starts, so that hours are not spent on what cannot be written. */
export async function prepareReportFolder(folder: string): Promise<void> {
  await makeFolder(resolve(folder));
}
