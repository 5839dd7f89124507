// Runs `trainscope runs`.
import { rm } from "node:fs/promises";
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";
import type { Row } from "../../core/rows.js";
import { checkpointFile } from "../../node/files/paths.js";
import type { RunRecord, RunStore, RunTrial, StoredAnalysis } from "../../study/store/store.js";
import type { Divergence } from "../../train/trial/events.js";
import type { CommandContext } from "../command-context.js";
import { formatDuration, formatNumber, formatTable, jsonLine } from "../output.js";

/** `runs list`: one line per run. */
export async function listRuns({ json }: { readonly json: boolean }, context: CommandContext): Promise<void> {
  const store = await context.openExistingStore();
  const runs = (await store?.listRuns()) ?? [];
  const trials = new Map<string, readonly RunTrial[]>();
  for (const { id } of runs) trials.set(id, (await store?.listTrials(id)) ?? []);
  await store?.close();
  const { terminal } = context;
  if (json) {
    terminal.write(
      jsonLine({
        schema: 1,
        runs: runs.map(({ stages: _, ...run }) => ({ ...run, trials: statusCounts(trials.get(run.id) ?? []) })),
      }),
    );
    return;
  }
  if (runs.length === 0) {
    terminal.write("No runs yet.\n");
    return;
  }
  const columns = [
    { key: "run", title: "run" },
    { key: "status", title: "status" },
    { key: "preset", title: "preset" },
    { key: "trials", title: "trials" },
    { key: "time", title: "time" },
  ];
  const rows = runs.map((run): Row => {
    const all = trials.get(run.id) ?? [];
    return { run: run.id, status: run.status, preset: run.preset ?? "", trials: trialSummary(all), time: timeOf(run) };
  });
  terminal.write(formatTable(columns, rows, terminal.tableColumns));
}

/** `runs show`: everything about one run except its rows. */
export async function showRun(
  { run: name, json }: { readonly run: string; readonly json: boolean },
  context: CommandContext,
): Promise<void> {
  const store = await context.openExistingStore();
  try {
    const run = await findRunByName(store, name);
    const trials = (await store?.listTrials(run.id)) ?? [];
    const analysis = await store?.readAnalysis(run.id);
    if (json) context.terminal.write(jsonLine({ schema: 2, run, trials, findings: [], claims: [], ...analysis }));
    else context.terminal.write(runText(run, trials, analysis, context.terminal.tableColumns));
  } finally {
    await store?.close();
  }
}

/** `runs rm`: finds all names before it removes anything. */
export async function removeRuns(
  { runs, json }: { readonly runs: readonly string[]; readonly json: boolean },
  context: CommandContext,
): Promise<void> {
  const store = await context.openExistingStore();
  try {
    const found = new Set<string>();
    for (const name of runs) found.add((await findRunByName(store, name)).id);
    const removed: string[] = [];
    for (const id of found) removed.push(...((await store?.removeRun(id)) ?? []));
    for (const trial of removed) await rm(checkpointFile(context.paths(), trial), { force: true });
    if (json) context.terminal.write(jsonLine({ schema: 1, removed: [...found], trials: removed }));
    else
      context.terminal.write(
        `removed ${[...found].join(", ")} with ${counted(removed.length, "trial")} of their own\n`,
      );
  } finally {
    await store?.close();
  }
}

/**
 * The run of this name, or the only one whose name begins with it.
 * @throws UnknownNameError, or InvalidInputError if several names begin with it.
 */
export async function findRunByName(store: RunStore | undefined, name: string): Promise<RunRecord> {
  const runs = (await store?.listRuns()) ?? [];
  if (runs.length === 0) {
    throw new InvalidInputError(`unknown run "${name}"`, { where: "trainscope runs", remedy: "There are no runs yet" });
  }
  const exact = runs.find(({ id }) => id === name);
  const beginning = runs.filter(({ id }) => id.startsWith(name));
  if (exact === undefined && beginning.length > 1) {
    const few = beginning.slice(0, 5).map(({ id }) => id);
    throw new InvalidInputError(`${beginning.length} runs begin with "${name}"`, {
      where: "trainscope runs",
      remedy: `Write more of the name: ${few.join(", ")}${beginning.length > few.length ? ", ..." : ""}`,
    });
  }
  const run = exact ?? beginning[0];
  if (run === undefined)
    throw new UnknownNameError(
      "trainscope runs",
      "run",
      name,
      runs.map(({ id }) => id),
    );
  return run;
}

function runText(
  run: RunRecord,
  trials: readonly RunTrial[],
  analysis: StoredAnalysis | undefined,
  width: number,
): string {
  const facts: readonly (readonly [string, string])[] = [
    ["run", run.id],
    ["status", run.status],
    ["command", run.command],
    ["preset", run.preset ?? ""],
    [
      "settings",
      Object.entries(run.settings)
        .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(" "),
    ],
    ["started", run.startedAt],
    ["time", timeOf(run)],
    ["machine", run.machine],
    [
      "versions",
      Object.entries(run.versions)
        .map(([key, value]) => `${key} ${value}`)
        .join(", "),
    ],
  ];
  const head = facts.filter(([, value]) => value !== "").map(([key, value]) => `${key.padEnd(9)} ${value}\n`);
  return [head.join(""), trialsText(run, trials, width), findingsText(analysis, width), claimsText(analysis, width)]
    .filter((part) => part !== "")
    .join("\n");
}

function trialsText({ seeds }: RunRecord, trials: readonly RunTrial[], width: number): string {
  if (trials.length === 0) return "";
  const factors = [...new Set(trials.flatMap((trial) => Object.keys(trial.factors)))];
  const keys = ["trial", "status", ...factors, "seed", "remark"];
  const rows = trials.map(
    ({ id, status, factors: levels, replicate, failure, end }): Row => ({
      ...levels,
      seed: seeds[replicate] ?? replicate,
      trial: id,
      status,
      remark: failure ?? divergenceText(end?.diverged ?? []),
    }),
  );
  return formatTable(
    keys.map((key) => ({ key, title: key })),
    rows,
    width,
  );
}

/** `step 1,234: layers.0.weight`; for an ensemble, the number of networks and the first step. */
function divergenceText(diverged: readonly Divergence[]): string {
  if (diverged.length === 0) return "";
  const step = formatNumber(Math.min(...diverged.map((network) => network.step)));
  if (diverged.length > 1) return `${formatNumber(diverged.length)} networks from step ${step} on`;
  const [{ tensor }] = diverged;
  return tensor === undefined ? `step ${step}` : `step ${step}: ${tensor}`;
}

function findingsText(analysis: StoredAnalysis | undefined, width: number): string {
  if (analysis === undefined || analysis.findings.length === 0) return "";
  const rows = analysis.findings.map(
    ({ title, variant, layer, value, unit, interval, n }): Row => ({
      finding: layer === undefined ? title : `${title}, layer ${layer}`,
      variant,
      value,
      unit,
      interval: interval === undefined ? "" : `${formatNumber(interval[0])} to ${formatNumber(interval[1])}`,
      n,
    }),
  );
  const keys = ["finding", "variant", "value", "unit", "interval", "n"];
  return formatTable(
    keys.map((key) => ({ key, title: key })),
    rows,
    width,
  );
}

function claimsText(analysis: StoredAnalysis | undefined, width: number): string {
  if (analysis === undefined || analysis.claims.length === 0) return "";
  const rows = analysis.claims.map(({ verdict, text, evidence }): Row => ({ verdict, claim: text, evidence }));
  return formatTable(
    ["verdict", "claim", "evidence"].map((key) => ({ key, title: key })),
    rows,
    width,
  );
}

function statusCounts(trials: readonly RunTrial[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of trials) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** `25 done`, `20 done, 5 pending`. */
function trialSummary(trials: readonly RunTrial[]): string {
  return Object.entries(statusCounts(trials))
    .map(([status, count]) => `${formatNumber(count)} ${status}`)
    .join(", ");
}

function timeOf({ startedAt, finishedAt }: RunRecord): string {
  if (finishedAt === undefined) return "";
  return formatDuration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
}

function counted(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}
