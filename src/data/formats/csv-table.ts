// Reads comma-separated values with a header line: columns of numbers, and a target column of numbers or class names.
// Format: RFC 4180, also with semicolons or tabs instead of commas, and with lines that end in LF alone.

import { CorruptFileError, InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { isDecimal } from "../../core/formats/text-form.js";
import { float32Range } from "../../core/numbers/dtype.js";
import { tensorData } from "../../core/numbers/tensor-data.js";
import { usualTargets } from "../user/array-choice.js";
import type { StoredTargets } from "../user/targets.js";
import type { StoredExamples } from "../user/user-dataset.js";

/** The columns to read; others are skipped. */
export interface CsvChoice {
  /** Columns of numbers; by default all that are not targets. */
  readonly inputs?: readonly string[];
  /** By default the one column with a usual name (`target`, `label`, `class`, `y`). */
  readonly targets?: readonly string[];
}

const quote = 0x22;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const separators = [",", ";", "\t"];
/** No real table has more columns. */
const maxColumns = 100_000;
const maxHeaderBytes = 10_000_000;
const missingWords = ["", "na", "n/a", "nan", "null", "?"];
const integer = /^[+-]?\d+$/;

/**
 * The chosen columns: inputs as `float32 [rows, columns]` under the name `inputs`. A single target column becomes texts if
 * it contains any, or `int32 [rows, 1]` if all its numbers are integers; otherwise, and for several target columns, the
 * result is `float64 [rows, columns]`.
 * @param where the file, for messages.
 * @throws CorruptFileError for bytes that are not a table; InvalidInputError with line and column of a missing or
 * non-numeric value; UnknownNameError for a missing column.
 */
export function readCsvExamples(bytes: Uint8Array, where: string, choice: CsvChoice = {}): StoredExamples {
  const scanner = new CsvScanner(bytes, where);
  const header = scanner.header();
  const targets = chooseTargets(where, header, choice);
  const places = new Map(header.map((name, column) => [name, column]));
  const inputs = choice.inputs ?? header.filter((name) => !targets.includes(name));
  for (const name of inputs) if (!places.has(name)) throw new UnknownNameError(where, "column", name, header);
  if (inputs.length === 0) throw new InvalidInputError("no input columns", { where, expected: "at least one" });
  const inputAt = inputs.map((name) => places.get(name) as number);
  const targetAt = targets.map((name) => places.get(name) as number);
  const numbers = new GrowingFloats();
  const texts: string[] = [];
  for (let cells = scanner.record(); cells !== undefined; cells = scanner.record()) {
    if (cells.length !== header.length) throw wrongCount(where, scanner.line, header.length, cells.length);
    for (const column of inputAt) numbers.push(numberIn(cells[column], where, scanner.line, header[column]));
    for (const column of targetAt) texts.push(presentIn(cells[column], where, scanner.line, header[column]));
  }
  const rows = texts.length / targets.length;
  return {
    where,
    inputs: new Map([["inputs", tensorData("float32", [rows, inputs.length], numbers.values())]]),
    targets: { name: targets.join(", "), values: targetValues(texts, targets, where) },
  };
}

function chooseTargets(where: string, header: readonly string[], { inputs, targets }: CsvChoice): readonly string[] {
  if (targets !== undefined) {
    for (const name of targets) if (!header.includes(name)) throw new UnknownNameError(where, "column", name, header);
    const doubled = targets.find((name, i) => targets.indexOf(name) !== i || inputs?.includes(name) === true);
    if (doubled === undefined && targets.length > 0) return targets;
    throw new InvalidInputError(`column "${doubled}" is named twice`, { where: "--inputs, --targets" });
  }
  const usual = header.filter((name) => usualTargets.includes(name.toLowerCase()));
  if (usual.length === 1) return usual;
  const shown = header.slice(0, 20).join(", ");
  throw new InvalidInputError("no column is known to be the target", {
    where,
    expected: "the name of one with --targets",
    received: header.length <= 20 ? shown : `${shown} and ${header.length - 20} more`,
  });
}

function targetValues(texts: readonly string[], names: readonly string[], where: string): StoredTargets["values"] {
  const odd = texts.findIndex((text) => !isDecimal(text));
  if (odd === -1) {
    const shape = [texts.length / names.length, names.length];
    if (names.length > 1 || !texts.every((text) => integer.test(text) && Math.abs(Number(text)) < 2 ** 31)) {
      const place = (i: number): string => `${where} > ${names[i % names.length]}, row ${Math.floor(i / names.length)}`;
      return tensorData(
        "float64",
        shape,
        Float64Array.from(texts, (text, i) => withinFloat32(text, place(i))),
      );
    }
    return tensorData("int32", shape, Int32Array.from(texts, Number));
  }
  if (names.length === 1) return { texts, shape: [texts.length] };
  throw new InvalidInputError("not a number", {
    where: `${where} > ${names[odd % names.length]}, row ${Math.floor(odd / names.length)}`,
    expected: "numbers in every target column, where there are several",
    received: `"${texts[odd].slice(0, 40)}"`,
  });
}

function presentIn(cell: string, where: string, line: number, column: string): string {
  const text = cell.trim();
  if (!missingWords.includes(text.toLowerCase())) return text;
  throw new InvalidInputError("missing value", {
    where: `${where}, line ${line}, column "${column}"`,
    expected: "a value in every row",
    received: text === "" ? "an empty cell" : `"${text}"`,
    remedy: "Fill it in, or leave out the row or the column",
  });
}

function numberIn(cell: string, where: string, line: number, column: string): number {
  const text = presentIn(cell, where, line, column);
  if (isDecimal(text)) return withinFloat32(text, `${where}, line ${line}, column "${column}"`);
  throw new InvalidInputError("not a number", {
    where: `${where}, line ${line}, column "${column}"`,
    expected: "numbers in every input column",
    received: `"${text.slice(0, 40)}"`,
    remedy: "Leave the column out by naming the others with --inputs, or turn it into numbers",
  });
}

/** The number in a text, which training keeps as float32. */
function withinFloat32(text: string, where: string): number {
  const value = Number(text);
  if (Number.isFinite(Math.fround(value))) return value;
  throw new InvalidInputError("number too large for float32", {
    where,
    expected: `numbers ${float32Range}`,
    received: text.slice(0, 40),
    remedy: "Scale the column, or leave it out",
  });
}

function wrongCount(where: string, line: number, expected: number, received: number): CorruptFileError {
  return new CorruptFileError("a row of another length", {
    where: `${where}, line ${line}`,
    expected: `${expected} values, as in the header`,
    received: `${received}`,
  });
}

/** A growing list of numbers that avoids a JavaScript array. */
class GrowingFloats {
  #data = new Float32Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Float32Array(2 * this.#length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = value;
  }

  values(): Float32Array {
    return this.#data.slice(0, this.#length);
  }
}

/** Splits a table into records and cells. */
class CsvScanner {
  /** Line of the last record, from 1. */
  line = 0;
  readonly #bytes: Uint8Array;
  readonly #where: string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #position = 0;
  #nextLine = 1;
  #separator = 0x2c;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
    // A byte order mark, which some programs write.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#position = 3;
  }

  /** Column names from the first record, which also determines the separator. */
  header(): string[] {
    const start = this.#position;
    const end = this.#bytes.indexOf(lineFeed, start);
    const limit = Math.min(this.#bytes.length, start + maxHeaderBytes);
    const first = this.#text(start, end === -1 || end > limit ? limit : end).replace(/"[^"]*"/g, "");
    const separator = separators.find((candidate) => first.includes(candidate)) ?? ",";
    this.#separator = separator.charCodeAt(0);
    const names = this.record()?.map((name) => name.trim());
    if (names === undefined) throw new CorruptFileError("an empty table", { where: this.#where });
    if (names.every((name) => isDecimal(name))) {
      throw new InvalidInputError("a table without a header", {
        where: this.#where,
        expected: "column names in the first line",
        received: names.slice(0, 5).join(", "),
      });
    }
    const seen = new Set<string>();
    const bad = names.find((name) => name === "" || seen.size === seen.add(name).size);
    if (bad === undefined) return names;
    throw new InvalidInputError(bad === "" ? "a column without a name" : `two columns named "${bad.slice(0, 80)}"`, {
      where: `${this.#where}, line 1`,
    });
  }

  /** The next record that is not an empty line; `undefined` at the end. */
  record(): string[] | undefined {
    while (this.#position < this.#bytes.length) {
      this.line = this.#nextLine;
      const cells = this.#cells();
      if (cells.length > 1 || cells[0].trim() !== "") return cells;
    }
    return undefined;
  }

  #cells(): string[] {
    const cells: string[] = [];
    for (;;) {
      cells.push(this.#bytes[this.#position] === quote ? this.#quoted() : this.#plain());
      if (cells.length > maxColumns) throw this.#corrupt(`more than ${maxColumns} columns`);
      const byte = this.#bytes[this.#position++];
      if (byte === this.#separator) continue;
      if (byte === carriageReturn && this.#bytes[this.#position] === lineFeed) this.#position++;
      this.#nextLine++;
      if (byte === undefined || byte === lineFeed || byte === carriageReturn) return cells;
      throw this.#corrupt("text after a closing quote");
    }
  }

  #plain(): string {
    const start = this.#position;
    while (this.#position < this.#bytes.length) {
      const byte = this.#bytes[this.#position];
      if (byte === this.#separator || byte === lineFeed || byte === carriageReturn) break;
      this.#position++;
    }
    return this.#text(start, this.#position);
  }

  #quoted(): string {
    let text = "";
    for (;;) {
      const start = this.#position + 1;
      const end = this.#bytes.indexOf(quote, start);
      if (end === -1) throw this.#corrupt("a quote that is never closed");
      text += this.#text(start, end);
      for (let i = start; i < end; i++) if (this.#bytes[i] === lineFeed) this.#nextLine++;
      this.#position = end + 1;
      if (this.#bytes[this.#position] !== quote) return text;
      text += '"';
    }
  }

  #text(start: number, end: number): string {
    // Numbers are short and plain: this is three times as fast as the decoder.
    if (end - start < 16) {
      let text = "";
      let isPlain = true;
      for (let i = start; i < end && isPlain; i++) {
        isPlain = this.#bytes[i] < 128;
        text += String.fromCharCode(this.#bytes[i]);
      }
      if (isPlain) return text;
    }
    try {
      return this.#decoder.decode(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw this.#corrupt("text that is not UTF-8", cause);
    }
  }

  #corrupt(summary: string, cause?: unknown): CorruptFileError {
    return new CorruptFileError(summary, {
      // Faults of the header are found before its line is counted.
      where: `${this.#where}, line ${Math.max(1, this.line)}`,
      remedy: "The file is damaged or no table: write it again",
      cause,
    });
  }
}
