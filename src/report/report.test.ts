// The report page is complete, self-contained, honest about samples, and safe against hostile text.
import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { exactEstimate } from "../core/statistics/intervals.js";
import { ink, palette } from "../figures/theme.js";
import { darkFigureRules } from "./dark-figures.js";
import type { ReportDocument, ReportStudy } from "./document.js";
import { exampleReport } from "./example-report.js";
import { inlineSvg } from "./figures-section.js";
import { html } from "./html.js";
import { renderReport } from "./render-report.js";
import { script } from "./script.js";

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g clip-path="url(#clip0)"><path d="M0 0"/></g></svg>';

async function example(change: Partial<ReportStudy> = {}): Promise<ReportDocument> {
  const document = await exampleReport(async () => svg);
  return { ...document, studies: document.studies.map((study) => ({ ...study, ...change })) };
}

const ownScript = `<script>${script}</script>`;

/** Names of unclosed elements, and of closing tags without an opening tag. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const voids = new Set(["meta", "link", "br", "!DOCTYPE"]);
  const body = page.replace(/<style>[\s\S]*?<\/style>/, "").replace(ownScript, "");
  for (const [tag, slash, name] of body.matchAll(/<(\/?)([!\w]+)(?:"[^"]*"|[^">])*>/g)) {
    if (voids.has(name) || tag.endsWith("/>")) continue;
    if (slash === "") open.push(name);
    else if (open.pop() !== name) return [tag];
  }
  return open;
}

describe("report page", () => {
  it("closes every element, has unique ids, and links only to anchors that exist", async () => {
    const page = renderReport(await example());
    expect(unbalanced(page)).toEqual([]);
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, anchor] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(anchor);
  });

  it("loads no external resources and runs no script but its own", async () => {
    const page = renderReport(await example()).replace(ownScript, "");
    expect(page).not.toMatch(/<script|<iframe|<img|@import|url\((?!#)|\son\w+=/);
    const links = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link);
    expect(links.filter((link) => !/^(?:#|figures\/|data:,)/.test(link))).toEqual([]);
  });

  it("escapes foreign text", async () => {
    const hostile = `</style><script>alert("1")</script> & 'quotes'`;
    const [study] = (await example()).studies;
    const page = renderReport(
      await example({
        title: hostile,
        notes: [hostile],
        claims: study.claims.map((claim) => ({ ...claim, id: `"${hostile}`, text: hostile })),
        figures: study.figures.map((figure) => ({ ...figure, title: hostile, caption: hostile })),
        tables: [{ id: "t", title: hostile, columns: [{ key: "k", title: hostile }], rows: [{ k: hostile }] }],
        trials: [{ id: hostile, factors: { [hostile]: hostile }, status: hostile, remark: hostile }],
      }),
    );
    expect(page.replace(ownScript, "")).not.toContain("<script");
    expect(unbalanced(page)).toEqual([]);
  });

  it("counts the time of a trial once, since its total includes the parts", async () => {
    const timings = { compileMs: 1000, trainMs: 50_000, evaluateMs: 8000, totalMs: 60_000 };
    const trial = { id: "0123", factors: { variant: "none" }, status: "done", timings };
    const page = renderReport(await example({ trials: [trial, { ...trial, id: "4567" }] }));
    expect(page).toContain("2 min 0 s in 2 trials");
    const [, head] = /<thead><tr>(<th scope="col">Trial.*?)<\/tr>/.exec(page) ?? [];
    expect(head?.replace(/<[^>]+>/g, " ").split(/\s+/)).toEqual(
      " Trial variant status compile train evaluate total ".split(" "),
    );
    expect(page).toContain(">1 min 0 s</td>");
  });

  it("answers first, then shows the evidence, then judges what others said", async () => {
    const page = renderReport(await example());
    const places = ["Batch normalization changes", "Expected</dt>", "Figures</h3>", "Findings</h3>", "Claims</h3>"].map(
      (text) => page.indexOf(text),
    );
    expect(places[0]).toBeGreaterThan(0);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(page).toContain("The study repeats work of others: A. Wagh");
    expect(page).not.toContain("In short");
  });

  it("lists the answers of several studies before their contents", async () => {
    const { studies, ...document } = await example();
    const page = renderReport({ ...document, studies: [studies[0], { ...studies[0], id: "second" }] });
    expect(page.indexOf("In short")).toBeGreaterThan(0);
    expect(page.indexOf("In short")).toBeLessThan(page.indexOf("Contents</h2>"));
    expect(page.match(/<dd>Batch normalization changes/g)).toHaveLength(2);
  });

  it("names the parts of a variant, numbers included, and folds long tables", async () => {
    const [{ findings }] = (await example()).studies;
    const page = renderReport(
      await example({
        variantTitles: { "leakyRelu0.01": "Leaky ReLU 0.01", "x-sin-5x": "x sin 5x" },
        findings: Array.from({ length: 17 }, (_, index) => ({
          ...findings[0],
          variant: `x-sin-5x/leakyRelu0.01/${index}x2`,
        })),
      }),
    );
    expect(page).toContain("x sin 5x, Leaky ReLU 0.01, 16x2</th>");
    expect(page).toMatch(/<details><summary>[^<]*: 17 rows<\/summary>/);
  });

  it("marks every verdict with a sign and a word", async () => {
    const page = renderReport(await example());
    expect(page).toContain('<span class="chip refuted"><span aria-hidden="true">✗</span> not supported</span>');
    expect(page).toContain("4 claims: 1 supported, 1 not supported, 1 inconclusive, 1 erratum");
  });

  it("mentions a sample or the quick preset before any number, and only if it was used", async () => {
    const page = renderReport(await example());
    expect(page.indexOf("Sample data.")).toBeGreaterThan(0);
    expect(page.indexOf("Sample data.")).toBeLessThan(page.indexOf("Claims</h3>"));
    expect(page).toContain("Quick preset.");
    const full = renderReport(
      await example({
        data: [{ title: "MNIST", isSample: false, fingerprint: "0" }],
        preset: { name: "paper", about: "30 epochs" },
      }),
    );
    expect(full).not.toContain('role="note"');
  });

  it("numbers figures consecutively across studies", async () => {
    const { studies, ...document } = await example();
    const page = renderReport({ ...document, studies: [studies[0], { ...studies[0], id: "second" }] });
    expect([...page.matchAll(/<b>Figure (\d+)\./g)].map(([, number]) => Number(number))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect(page).toContain("2 studies, written");
    expect(page).toContain('id="second-claims"');
  });

  it("prints mean and interval of a finding with the same digits, or the reason for a missing interval", async () => {
    const page = renderReport(await example());
    expect(page).toMatch(/98\.64<\/td><td class="number">98\.46 to 98\.82<\/td>/);
    expect(page).toContain("none for one seed");
    expect(page).toContain("Interval: Student’s t interval of the mean over seeds.");
  });

  it("lists every trial with its outcome", async () => {
    const document = await example();
    const page = renderReport(document);
    for (const { id } of document.studies[0].trials) expect(page).toContain(id);
    expect(page).toContain("25 trials (24 done, 1 diverged)");
    expect(page).toContain("not finite from step 812 on");
    expect(page).toContain("trainscope study run normalization --preset quick");
  });

  it("calls the numbers of a study without training exact, and mentions neither seeds nor presets", async () => {
    const [{ preset: _, ...study }] = (await example()).studies;
    const finding = { id: "count", title: "Parameters", unit: "", variant: "none", ...exactEstimate(62_378_344) };
    const making = { ...study.making, seeds: [], settings: {} };
    const document = {
      ...(await example()),
      studies: [{ ...study, data: [], findings: [finding], trials: [], making }],
    };
    const page = renderReport(document);
    expect(page).toContain('<td class="number strong">62,378,344</td></tr>');
    expect(page).toContain("Value, exact");
    expect(page).toContain("nothing was trained");
    expect(page).not.toMatch(/<b>Quick preset|<b>Sample data|seeds? a variant|<dt>Seeds<|% interval<\/th>/);
    expect(unbalanced(page)).toEqual([]);
  });

  it("leaves out empty sections", async () => {
    const page = renderReport(
      await example({ claims: [], figures: [], tables: [], notes: [], findings: [], trials: [] }),
    );
    expect([...page.matchAll(/<h3>([^<]+)/g)].map(([, title]) => title)).toEqual(["How this was made"]);
    expect(unbalanced(page)).toEqual([]);
  });
});

describe("figures of a page", () => {
  it("have unique clip paths", () => {
    const clipped = '<svg width="1"><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>';
    expect(inlineSvg(clipped, "a.b", 'T"')).toBe(
      '<svg role="img" aria-label="T&quot;" width="1"><clipPath id="a-b-clip0"/><g clip-path="url(#a-b-clip0)"/></svg>',
    );
  });
});

describe("count of studies", () => {
  it.each([
    [1, "1 study, written by"],
    [2, "2 studies, written by"],
  ])("%i", async (count, words) => {
    const { studies, ...rest } = await example();
    const page = renderReport({ ...rest, studies: Array.from({ length: count }, () => studies[0]) });
    expect(page).toContain(words);
  });
});

describe("html", () => {
  it("escapes values and keeps pieces of HTML", () => {
    const piece = html`<b>${"<&>"}</b>`;
    expect(html`<p title="${'"'}">${[piece, 3, undefined]}</p>`.markup).toBe(
      '<p title="&quot;"><b>&lt;&amp;&gt;</b>3</p>',
    );
  });
});

describe("the script of the page", () => {
  it("is valid JavaScript", () => {
    expect(() => new Script(script)).not.toThrow();
  });
});

describe("figures on a dark page", () => {
  /** Relative luminance of a hexadecimal color (WCAG 2.2). */
  function luminance(color: string): number {
    const channels = [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16) / 255);
    const [red, green, blue] = channels.map((value) =>
      value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  it("give every color of the palette a lighter twin with a contrast of at least 4.5", () => {
    const twins = new Map(
      [...darkFigureRules.matchAll(/\[fill="(#\w+)"\] \{ fill: (#\w+); \}/g)].map(([, a, b]) => [a, b]),
    );
    const paper = luminance("#16181b");
    for (const color of [...palette, ink.text, ink.reference]) {
      const twin = twins.get(color) ?? "#000000";
      expect((luminance(twin) + 0.05) / (paper + 0.05), color).toBeGreaterThan(4.5);
    }
    expect(twins.get("#ffffff")).toBe("#16181b");
  });
});
