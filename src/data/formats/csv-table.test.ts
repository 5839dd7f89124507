// Tables: quoting, line ends, separators, class columns, and errors with line and column.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type CsvChoice, readCsvExamples } from "./csv-table.js";

const read = (text: string, choice: CsvChoice = {}) => readCsvExamples(new TextEncoder().encode(text), "t.csv", choice);

function messageOf(text: string | Uint8Array, choice: CsvChoice = {}): string {
  try {
    if (typeof text === "string") read(text, choice);
    else readCsvExamples(text, "t.csv", choice);
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("tables", () => {
  it("hold numbers in every column except the target, which may be text, quoted or not", () => {
    const table = '\uFEFFa,"b, c",label\r\n1,-2.5e1,cat\r\n\r\n .5 ,+3.,"dog ""x"""\n7,8,cat';
    expect(read(table)).toEqual({
      where: "t.csv",
      inputs: new Map([["inputs", tensorFrom("float32", [3, 2], [1, -25, 0.5, 3, 7, 8])]]),
      targets: { name: "label", values: { texts: ["cat", 'dog "x"', "cat"], shape: [3] } },
    });
  });

  it("may have integer targets, several targets, chosen columns and other separators", () => {
    expect(read("x;y\n1;0\n2;-3").targets.values).toEqual(tensorFrom("int32", [2, 1], [0, -3]));
    expect(read("x\ty\n1\t0\n2\t1.5").targets.values).toEqual(tensorFrom("float64", [2, 1], [0, 1.5]));
    const chosen = read("a,b,c,d\n1,2,3,4\n5,6,7,8\n", { inputs: ["c", "a"], targets: ["d", "b"] });
    expect(chosen.inputs.get("inputs")).toEqual(tensorFrom("float32", [2, 2], [3, 1, 7, 5]));
    expect(chosen.targets.values).toEqual(tensorFrom("float64", [2, 2], [4, 2, 8, 6]));
  });

  it("with long cells and names are refused as fast as they are read", () => {
    expect(messageOf(`a,y\n${"1".repeat(1_000_000)}x,1\n`)).toMatch(/^t\.csv, line 2, column "a": not a number/);
    const spaced = `a${" ".repeat(1_000_000)}b`;
    expect(messageOf(`${spaced},${spaced}\n1,1\n`)).toMatch(/^t\.csv, line 1: two columns named "a {79}"$/);
  });

  it("are refused with one sentence that names line and column", () => {
    const messages = [
      messageOf(""),
      messageOf("1,2\n3,4"),
      messageOf("a,b\n1,2"),
      messageOf("a,a,y\n1,2,3"),
      messageOf("a,,y\n1,2,3"),
      messageOf("a,y\n1,2", { targets: ["z"] }),
      messageOf("a,y\n1,2", { inputs: ["b"] }),
      messageOf("a,y\n1,2", { inputs: ["y"], targets: ["y"] }),
      messageOf("a,y\n1,2\n,3"),
      messageOf("a,y\n1,2\n1,NaN"),
      messageOf('a,y\n"1\n",2\nParis,3'),
      messageOf("a,y\n0x10,2"),
      messageOf("a,y\n1,2,3"),
      messageOf("a,y\n1"),
      messageOf('a,y\n"1,2'),
      messageOf('a,y\n"1"2,3'),
      messageOf("y\n1"),
      messageOf("a,y,z\n1,2,x\n", { targets: ["y", "z"] }),
      messageOf(Uint8Array.of(0x61, 0x2c, 0x79, 0x0a, 0xff, 0xfe, 0x2c, 0x31)),
    ];
    expect(messages).toMatchInlineSnapshot(`
      [
        "t.csv: an empty table",
        "t.csv: a table without a header: expected column names in the first line, received 1, 2",
        "t.csv: no column is known to be the target: expected the name of one with --targets, received a, b",
        "t.csv, line 1: two columns named "a"",
        "t.csv, line 1: a column without a name",
        "t.csv: unknown column "z". Valid: a, y",
        "t.csv: unknown column "b". Valid: a, y",
        "--inputs, --targets: column "y" is named twice",
        "t.csv, line 3, column "a": missing value: expected a value in every row, received an empty cell. Fill it in, or leave out the row or the column",
        "t.csv, line 3, column "y": missing value: expected a value in every row, received "NaN". Fill it in, or leave out the row or the column",
        "t.csv, line 4, column "a": not a number: expected numbers in every input column, received "Paris". Leave the column out by naming the others with --inputs, or turn it into numbers",
        "t.csv, line 2, column "a": not a number: expected numbers in every input column, received "0x10". Leave the column out by naming the others with --inputs, or turn it into numbers",
        "t.csv, line 2: a row of another length: expected 2 values, as in the header, received 3",
        "t.csv, line 2: a row of another length: expected 2 values, as in the header, received 1",
        "t.csv, line 2: a quote that is never closed. The file is damaged or no table: write it again",
        "t.csv, line 2: text after a closing quote. The file is damaged or no table: write it again",
        "t.csv: no input columns: expected at least one",
        "t.csv > z, row 0: not a number: expected numbers in every target column, where there are several, received "x"",
        "t.csv, line 2: text that is not UTF-8. The file is damaged or no table: write it again",
      ]
    `);
  });

  it("are read back unchanged, with any text", () => {
    const text = fc
      .string({ unit: fc.constantFrom("a", "é", ",", '"', "\r", "\n", " x", ";", "猫") })
      .map((s) => `t${s}t`);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), text), { minLength: 1 }),
        (rows) => {
          const lines = rows.map(([value, label]) => `${value},"${label.replaceAll('"', '""')}"`);
          const { inputs, targets } = read(`x,label\r\n${lines.join("\r\n")}\r\n`);
          expect(inputs.get("inputs")?.data).toEqual(Float32Array.from(rows, ([value]) => value));
          expect(targets.values).toEqual({ texts: rows.map(([, label]) => label), shape: [rows.length] });
        },
      ),
      { seed: 5 },
    );
  });

  it("of random bytes throw only documented errors", () => {
    const bytes = fc.array(fc.constantFrom(10, 13, 34, 44, 49, 59, 97, 121, 200), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, (tail) => {
        messageOf(Uint8Array.from([97, 44, 121, 10, ...tail]));
        messageOf(Uint8Array.from(tail));
      }),
      { seed: 6, numRuns: 1000 },
    );
  });
});

it("refuses a number beyond float32 as that, in inputs and in targets", () => {
  expect(messageOf("a,y\n1,2\n1e39,3\n")).toMatchInlineSnapshot(
    `"t.csv, line 3, column "a": number too large for float32: expected numbers from -3.4028235e38 to 3.4028235e38, received 1e39. Scale the column, or leave it out"`,
  );
  expect(messageOf("a,y\n1,0.5\n2,-1e400\n")).toMatchInlineSnapshot(
    `"t.csv > y, row 1: number too large for float32: expected numbers from -3.4028235e38 to 3.4028235e38, received -1e400. Scale the column, or leave it out"`,
  );
  expect(read("a,y\n3.4e38,0.5\n").inputs.get("inputs")!.data[0]).toBeCloseTo(3.4e38, -32);
});
