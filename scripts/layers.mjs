// Import rules, generated from the list of layers below and checked with dependency-cruiser.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import extractTsConfig from "dependency-cruiser/config-utl/extract-ts-config";

/** A folder imports only from lines above its own; folders on one line do not import each other. */
export const layers = [
  ["core"],
  ["graph", "data", "figures"],
  ["nn", "optim", "probes", "onnx"],
  ["inspect"],
  ["train"],
  ["study"],
  ["studies", "report"],
  ["node", "web"],
  ["cli", "app"],
];

/** From this line on, folders may depend on their host; all earlier ones are host-free. */
const firstHostLine = layers.findIndex((line) => line.includes("node"));

/** Packages that only adapters load: native code, a database, a renderer. Types may be imported anywhere. */
const hostPackages = ["onnxruntime", "libsql", "vega", "@resvg", "commander", "cli-progress", "dejavu-fonts-ttf"];

/**
 * The circles that may be, each with its reason; circles of types count. Nobody else may be in one, and no circle may
 * leave its group.
 */
export const circles = {
  "a node and its operator: types that name each other": "^src/graph/(?:op|tensor)\\.ts$",
  "the gradients of arithmetic, movement, indexing and sums need each other":
    "^src/graph/ops/(?:elementwise/(?:arithmetic|unary)|indexing/(?:indexing|scatter-gradient)|movement/(?:padding|shape-movement|slicing)|reduction/reduction)\\.ts$",
  "convolution and its gradients": "^src/graph/ops/windows/convolution(?:-gradient|-weight)?\\.ts$",
  "pooling and its gradient": "^src/graph/ops/windows/pooling(?:-gradient)?\\.ts$",
};

const inFolders = (folders) => `^src/(?:${folders.join("|")})/`;

/** One rule per folder: what it must not import, with the reason to print. */
export function layerRules() {
  const rules = layers.flatMap((line, index) =>
    line.map((folder) => ({
      name: `layer ${folder}`,
      severity: "error",
      comment: `${folder} imports only from ${layers.slice(0, index).flat().join(", ") || "nothing"}`,
      from: { path: inFolders([folder]), pathNot: "\\.test\\.ts$" },
      to: {
        path: inFolders(
          layers
            .slice(index)
            .flat()
            .filter((other) => other !== folder),
        ),
      },
    })),
  );
  const hostFree = { path: inFolders(layers.slice(0, firstHostLine).flat()), pathNot: "\\.test\\.ts$" };
  return [
    ...rules,
    {
      name: "public entry",
      severity: "error",
      comment: "src/index.ts is for every host",
      from: { path: "^src/[^/]+\\.ts$" },
      to: { path: inFolders(layers.slice(firstHostLine).flat()) },
    },
    {
      name: "no entry points",
      severity: "error",
      comment: "no folder imports an entry point of src",
      from: { path: inFolders(layers.flat()) },
      to: { path: "^src/[^/]+\\.ts$" },
    },
    {
      name: "host-free",
      severity: "error",
      comment: "only adapters import Node",
      from: hostFree,
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "host packages",
      severity: "error",
      comment: `only adapters import ${hostPackages.join(", ")}`,
      from: hostFree,
      to: { path: `(?:^|/)node_modules/(?:${hostPackages.join("|")})`, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "one list of hosts",
      severity: "error",
      comment: "the browser's side does not load Node's packages",
      from: { path: inFolders(["web", "app"]), pathNot: "\\.test\\.ts$" },
      to: { path: "^(?:node_modules/(?:onnxruntime-node|libsql|@resvg)|src/node/)" },
    },
    {
      name: "no cycles",
      severity: "error",
      comment: "no circles of imports, not of types either",
      from: { path: "^src/", pathNot: Object.values(circles) },
      to: { circular: true },
    },
    ...Object.entries(circles).map(([reason, path]) => ({
      name: "no cycles",
      severity: "error",
      comment: `a circle is larger than its group (${reason})`,
      from: { path },
      to: { circular: true, via: { pathNot: path } },
    })),
    {
      name: "resolvable",
      severity: "error",
      comment: "every import leads somewhere",
      from: { path: "^src/" },
      to: { couldNotResolve: true },
    },
    {
      name: "declared",
      severity: "error",
      comment: "published code imports only the package's own dependencies",
      from: { path: "^src/", pathNot: "\\.test\\.ts$|worker-from-source\\.mjs$" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
  ];
}

/** Violations as printable lines. @param root folder that holds `src`. */
export async function checkLayers(root) {
  const tsConfig = extractTsConfig(`${root}/tsconfig.json`);
  const options = {
    ruleSet: { forbidden: layerRules() },
    validate: true,
    baseDir: root,
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  };
  const { output } = await cruise(["src"], options, {}, { tsConfig });
  const lines = output.summary.violations.map(({ from, to, rule, cycle }) => {
    const reason = output.summary.ruleSetUsed.forbidden.find(({ name }) => name === rule.name)?.comment ?? "";
    return `${from} -> ${cycle?.map(({ name }) => name).join(" -> ") ?? to}: ${reason} (${rule.name})`;
  });
  return { lines, modules: output.summary.totalCruised };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
  if (!existsSync(`${root}/node_modules`))
    throw new Error("dependencies are missing: run node scripts/setup.mjs first");
  const { lines, modules } = await checkLayers(root);
  for (const line of lines) console.error(line);
  console.log(lines.length === 0 ? `layers: ${modules} modules, no violation` : `layers: ${lines.length} violations`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
