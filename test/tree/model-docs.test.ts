// docs/models.md lists the catalogue as it is: every model, what it is, its input, its parameters, its source.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { markdownTable } from "../../src/inspect/flat-rows.js";
import { inspect } from "../../src/inspect/inspect.js";
import { catalogueModel, type ModelEntry, models } from "../../src/nn/models.js";

const page = readFileSync(new URL("../../docs/models.md", import.meta.url), "utf8");

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

const variants = [
  "alexnet:form=grouped",
  "alexnet:form=torchvision",
  "googlenet:form=paper",
  ...["vgg11", "vgg13", "vgg16", "vgg19"].map((name) => `${name}:batchNorm=true`),
  "resnet50:stride=first",
];

test("docs/models.md has the table of variants", () => {
  const kept = columns.filter((column) => column !== "about" && column !== "source");
  expect(page).toContain(markdownTable(kept, variants.map(row)));
});

test("docs/models.md says what every option is for, and every value that it takes by name", () => {
  const chapter = page.slice(page.indexOf("## Options"));
  for (const [name, { options }] of Object.entries(models)) {
    for (const [option, schema] of Object.entries(options.shape as Readonly<Record<string, z.ZodType>>)) {
      expect(chapter, `${name}.${option}`).toContain(`\`${option}\``);
      const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
      for (const value of inner instanceof z.ZodEnum ? inner.options : [])
        expect(chapter, `${name}.${option}`).toContain(`\`${value}\``);
    }
  }
});
