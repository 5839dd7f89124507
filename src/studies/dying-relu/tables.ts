// Tables of the report: what became of every kind of network, and theory beside measurement.
import type { Table } from "../../core/findings.js";
import { decimalText, percentText } from "../../study/analysis/number-text.js";
import type { StudyResults } from "../../study/definition.js";
import { activations, initializers, targets } from "./networks.js";
import { bornDead, outcomes } from "./outcomes.js";
import type { DyingReluSettings } from "./settings.js";
import { bornDeadBounds } from "./theory.js";

const columns = (titles: Readonly<Record<string, string>>): Table["columns"] =>
  Object.entries(titles).map(([key, title]) => ({ key, title }));

export function tables(results: StudyResults, settings: DyingReluSettings): Table[] {
  return [fateTable(results, settings), theoryTable(results, settings)];
}

function fateTable(results: StudyResults, settings: DyingReluSettings): Table {
  return {
    id: "fates",
    title: "Shares of networks with 99 % Wilson intervals",
    columns: columns({
      target: "Function",
      activation: "Activation",
      initializer: "Initializer",
      epochs: "Epochs",
      networks: "Networks",
      born: "Born dead",
      dead: "Dead",
      flat: "Flat output",
    }),
    rows: outcomes(results, settings).map(({ cell, epochs, bornDead: born, dead, flat }) => ({
      target: targets[cell.target].title,
      activation: activations[cell.activation].title,
      initializer: initializers[cell.initializer].title,
      epochs,
      networks: dead.n,
      born: percentText(born),
      dead: percentText(dead),
      flat: percentText(flat),
    })),
  };
}

function theoryTable(results: StudyResults, settings: DyingReluSettings): Table {
  return {
    id: "born-dead",
    title: "Born dead: He normal, biases 0, before training",
    columns: columns({
      units: "Units",
      hiddenLayers: "Hidden layers",
      measured: "Measured",
      theory: "Theory",
      method: "Method",
      bounds: "Bounds",
    }),
    rows: bornDead(results, settings).map(({ units, hiddenLayers, measured, exact, simulated }) => ({
      units,
      hiddenLayers,
      measured: percentText(measured),
      theory:
        exact === undefined
          ? simulated === undefined
            ? ""
            : percentText(simulated)
          : percentText({ value: exact }, 2),
      method: exact === undefined ? "simulated" : "exact",
      bounds: bornDeadBounds(hiddenLayers, units)
        .map((bound) => decimalText(100 * bound, 2))
        .join(" to "),
    })),
  };
}
