// Prints the results of `trainscope bench`: one table, the remarks, the machine.
import type { Row } from "../../../core/rows.js";
import { formatNumber, formatTable } from "../../output.js";
import type { Machine } from "./machine.js";
import { type Budget, type Figure, isMet, type Measurement, type Spread, type Unmeasured } from "./measurement.js";

export interface BenchResult {
  readonly machine: Machine;
  readonly measurements: readonly Measurement[];
  readonly unmeasured: readonly Unmeasured[];
  /** Why there is no peer, if there is none. */
  readonly withoutPeer?: string;
}

/** Numbers are never truncated: a line that wraps is still a result. */
export function benchText({ machine, measurements, unmeasured, withoutPeer }: BenchResult): string {
  const columns = [
    { key: "task", title: "task" },
    { key: "ours", title: "ours" },
    ...(withoutPeer === undefined ? [{ key: "peer", title: "PyTorch's best" }] : []),
    { key: "ratio", title: "ratio [range]" },
    { key: "must", title: "must" },
    { key: "met", title: "met" },
  ];
  const table = formatTable(columns, measurements.map(measurementRow), Number.POSITIVE_INFINITY);
  const lines = [
    ...measurements.flatMap(({ task, remarks }) => remarks.map((remark) => `${task}: ${remark}`)),
    ...unmeasured.map(({ task, reason }) => `${task}: not measured. ${reason}`),
    ...(withoutPeer === undefined ? [] : [`Without PyTorch: ${withoutPeer}. These are our figures alone.`]),
    ...busyRemark(machine),
    machineText(machine),
  ];
  return `${table}\n${lines.join("\n")}\n`;
}

function measurementRow(measurement: Measurement): Row {
  const { task, unit, ours, peer, ratio, must } = measurement;
  const met = isMet(measurement);
  return {
    task,
    ours: figureText(ours, unit),
    peer: peer === undefined ? "" : figureText(peer, unit),
    ratio: ratio === undefined ? "" : spreadText(ratio),
    must: must === undefined ? "" : budgetText(must, unit),
    met: met ?? "",
  };
}

/** `5.13 ms, 2 threads`: of a setting, only its threads; the remarks name the rest. */
function figureText({ value, setting }: Figure, unit: string): string {
  const threads = /^\d+ threads?/.exec(setting)?.[0];
  return [
    `${formatNumber(rounded(value))} ${unit.replace(/\/.*/, "")}`,
    ...(threads === undefined ? [] : [threads]),
  ].join(", ");
}

function spreadText({ value, low, high }: Spread): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

function budgetText({ of, bound, value }: Budget, unit: string): string {
  const sign = bound === "at least" ? ">=" : "<=";
  return of === "ratio" ? `${sign} ${value}` : `${sign} ${value} ${unit}`;
}

/** Three digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function busyRemark({ load, cores }: Machine): string[] {
  if (load <= cores / 4) return [];
  return [`The machine was busy at the start (load ${load.toFixed(1)} on ${cores} cores): expect noise.`];
}

function machineText({ cpu, cores, platform, versions }: Machine): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cores} cores, ${platform}; ${list.join(", ")}`;
}
