// Reports of finished studies: after a run, and again later from the store.
import { access, constants, mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { fileSystemError } from "../../node/atomic-file.js";
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
  const path = resolve(folder);
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw fileSystemError(path, "write", cause);
  }
}
