// Prints the times of alternative forms of gradients and updates: npx tsx bench/lowerings.ts --help
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { formatTable } from "../src/cli/output.js";
import { comparisons } from "./comparisons.js";
import { timeForms } from "./graph-timer.js";

const usage = `npx tsx bench/lowerings.ts [--only text] [--rounds 7] [--threads n]
  --only     comparisons whose title holds this text
  --threads  by default once with one thread and once with all cores
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(usage);
else await printAll();

async function printAll(): Promise<void> {
  const cores = availableParallelism();
  const threadCounts = values.threads === undefined ? [...new Set([1, cores])] : [Number(values.threads)];
  process.stdout.write(`${cpus()[0]?.model}, ${cores} cores, load ${loadavg()[0].toFixed(1)}\n`);
  for (const comparison of comparisons.filter(({ title }) => title.includes(values.only))) {
    for (const threads of threadCounts) {
      const times = await timeForms(comparison, { threads, rounds: Number(values.rounds) });
      const rows = times.map(({ form, medianMs, leastMs, difference }) => ({
        form,
        median: medianMs.toFixed(3),
        least: leastMs.toFixed(3),
        relative: (medianMs / times[0].medianMs).toFixed(2),
        difference: difference?.toExponential(0) ?? "",
      }));
      process.stdout.write(`\n${comparison.title}; threads: ${threads}\n${formatTable(columns(), rows, 120)}`);
    }
  }
}

function columns() {
  return [
    { key: "form", title: "form" },
    { key: "median", title: "median ms" },
    { key: "least", title: "least ms" },
    { key: "relative", title: "of the first" },
    { key: "difference", title: "difference" },
  ];
}
