// Writes reports of finished studies, after a run or later from the store.
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

/** Creates the folder of a report before the work starts, so that hours of work do not end in an unwritable folder. */
export async function prepareReportFolder(folder: string): Promise<void> {
  await makeFolder(resolve(folder));
}
