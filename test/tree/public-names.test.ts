// The public indices offer every member of the tables: a name that is left out of an index is found here.
import { expect, test } from "vitest";
import * as figures from "../../src/figures/index.js";
import * as nn from "../../src/nn/index.js";
import * as optim from "../../src/optim/index.js";

const tables = [
  ["nn.layers", nn.layers, nn],
  ["nn.losses", nn.losses, nn],
  ["nn.models", nn.models, nn],
  ["nn.initializers", nn.initializers, nn],
  ["optim.optimizers", optim.optimizers, optim],
  ["optim.schedules", optim.schedules, optim],
  ["optim.batchSchedules", optim.batchSchedules, optim],
  ["figureKinds", figures.figureKinds, figures],
] as const;

test.each(tables)("every member of %s is exported by itself", (_name, table, index) => {
  const exported = new Set<unknown>(Object.values(index));
  // Layers that hold layers are exported as functions that take them in front: `sequential([...])`.
  const isWrapped = (kind: string): boolean => table === nn.layers && typeof Reflect.get(index, kind) === "function";
  const missing = Object.entries(table).filter(([kind, member]) => !exported.has(member) && !isWrapped(kind));
  expect(missing.map(([kind]) => kind)).toEqual([]);
});
