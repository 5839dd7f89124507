// docs/models.md lists the catalogue as it is: every model, what it is, its input, its parameters, its source.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { markdownTable } from "../src/inspect/flat-rows.js";
import { inspect } from "../src/inspect/inspect.js";
import { catalogueModel, type ModelEntry, models } from "../src/nn/models.js";

const page = readFileSync(new URL("../docs/models.md", import.meta.url), "utf8");

/** As `trainscope inspect NAME` counts them. */
function row(name: string) {
  const { spec, inputShape } = catalogueModel(name);
  const { totals } = inspect(spec, { inputShape: inputShape ?? [] });
  const { about, source = "" } = models[name.split(":")[0] as keyof typeof models] as ModelEntry;
  return {
    model: `\`${name}\``,
    about,
    input: inputShape?.join(" x ") ?? "",
    parameters: totals.parameters,
    MACs: totals.macs,
    source,
  };
}

const columns = ["model", "about", "input", "parameters", "MACs", "source"];

test("docs/models.md has the table of the catalogue", () => {
  expect(page).toContain(markdownTable(columns, Object.keys(models).map(row)));
});

const variants = ["alexnet:form=grouped", "alexnet:form=torchvision", "googlenet:form=paper", "vgg16:batchNorm=true"];

test("docs/models.md has the table of variants", () => {
  const kept = columns.filter((column) => column !== "about" && column !== "source");
  expect(page).toContain(markdownTable(kept, variants.map(row)));
});
