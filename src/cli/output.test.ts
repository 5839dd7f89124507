import { expect, test } from "vitest";
import { formatBytes, formatDuration, formatNumber, formatRate, formatTable, jsonLine, wrapText } from "./output.js";

test.each([
  [0, "0"],
  [-0.5, "-0.5"],
  [61706, "61,706"],
  [1234.5678, "1,235"],
  [0.123456, "0.1235"],
  [0.000123456, "0.0001235"],
  [0.0000123456, "1.235e-5"],
  [1e-7, "1e-7"],
  [-2.5e20, "-2.5e20"],
  [Number.NaN, "NaN"],
  [-Infinity, "-Infinity"],
])("%d reads %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("durations and sizes choose their unit", () => {
  expect([0.4111, 12.34, 59.96, 125, 3725, Infinity].map(formatDuration)).toEqual([
    "0.41 s",
    "12.3 s",
    "1 min 00 s",
    "2 min 05 s",
    "1 h 02 min",
    "unknown",
  ]);
  expect([0, 999, 1000, 11_594_722, 2e15].map(formatBytes)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.00 kB",
    "11.6 MB",
    "2.00e+3 TB",
  ]);
});

test("JSON lines keep numbers that JSON lacks", () => {
  expect(jsonLine({ step: 3, loss: Number.NaN, list: [Infinity, 0.5] })).toBe(
    '{"step":3,"loss":"NaN","list":["Infinity",0.5]}\n',
  );
});

test("a table aligns numbers to the right and truncates the widest text to fit", () => {
  const columns = ["variant", "loss", "ok", "remark"].map((key) => ({ key, title: key }));
  const rows = [
    { variant: "none", loss: 0.5, ok: true, remark: "a remark that is much too long for a narrow terminal" },
    { variant: "batch norm", loss: 1234.5, ok: false, remark: null },
  ];
  expect(formatTable(columns, rows, 44)).toMatchInlineSnapshot(`
    "variant      loss  ok   remark
    ----------  -----  ---  --------------------
    none          0.5  yes  a remark that is mu…
    batch norm  1,235  no
    "
  `);
  // Texts keep at least eight characters, and numbers are never truncated.
  expect(formatTable(columns, rows, 5).split("\n")[2]).toBe("none        0.5  yes  a remar…");
  expect(formatTable([{ key: "n", title: "n" }], [{ n: 123456789 }], 3)).toBe(
    "          n\n-----------\n123,456,789\n",
  );
});

test("columns are truncated in their order at either end, and sums follow below a second rule", () => {
  const columns = [
    { key: "path", title: "path", cutAt: "start" as const, narrowest: 10 },
    { key: "kind", title: "kind", isCutFirst: true, narrowest: 6 },
    { key: "shape", title: "shape", cutAt: "never" as const },
    { key: "n", title: "n", isNumeric: true },
  ];
  const rows = [{ path: "layer4.1.conv2", kind: "Convolution", shape: "1x64x112x112", n: "1.5 M" }];
  expect(formatTable(columns, rows, 42, [{ path: "total", n: "1.5 M" }])).toMatchInlineSnapshot(`
    "path           kind    shape             n
    -------------  ------  ------------  -----
    …yer4.1.conv2  Convo…  1x64x112x112  1.5 M
    -------------  ------  ------------  -----
    total                                1.5 M
    "
  `);
});

test("intervals are never cut, so that names give way", () => {
  const columns = ["initializer", "share"].map((key) => ({ key, title: key }));
  const rows = [
    { initializer: "randomized asymmetric", share: "90.4 % [87.7, 92.5]" },
    { initializer: "PyTorch default", share: "" },
  ];
  expect(formatTable(columns, rows, 30)).toMatchInlineSnapshot(`
    "initiali…  share
    ---------  -------------------
    randomiz…  90.4 % [87.7, 92.5]
    PyTorch …
    "
  `);
});

test("texts are wrapped between words, but not before a unit", () => {
  expect(wrapText("Memory  the weights take 46.8 MB, and so do gradients", 31, 8).split("\n")).toEqual([
    "Memory  the weights take",
    "        46.8 MB, and so do",
    "        gradients",
  ]);
});

test("rates keep their magnitude, however slow", () => {
  expect([0.1412, 0.0034, 1.26, 9.94, 12.34, 250.4, 12345.6].map(formatRate)).toEqual([
    "0.14",
    "0.0034",
    "1.3",
    "9.9",
    "12",
    "250",
    "12,346",
  ]);
});
