// The output of `inspect` for people and programs: tables at two widths, documents, and errors.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Inspection } from "../../inspect/inspection.js";
import { modelBytes, numbers } from "../../onnx/model-cases.js";
import { runCli } from "../run-cli.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trainscope-inspect-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function inspect(line: string, { columns = 80, hasColors = false } = {}): Promise<Said> {
  let [out, err] = ["", ""];
  const terminal = {
    write: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      err += text;
    },
    ...{ columns, tableColumns: columns, hasColors, isInteractive: false, errorStream: new PassThrough() },
  };
  const code = await runCli(["inspect", ...line.split(" ")], { terminal, environment: { TRAINSCOPE_HOME: folder } });
  return { code, out, err };
}

/** Two added branches with different receptive fields, then a pooling and a classifier. */
const branching = {
  kind: "sequential",
  layers: [
    { kind: "conv2d", filters: 8, kernel: 3, stride: 2, padding: 1 },
    {
      kind: "residual",
      branch: {
        kind: "sequential",
        layers: [
          { kind: "conv2d", filters: 8, kernel: 3, padding: 2, dilation: 2, groups: 4 },
          { kind: "batchNorm" },
          { kind: "relu" },
        ],
      },
    },
    { kind: "globalAveragePool" },
    { kind: "dense", units: 10 },
  ],
};

async function writeBranching(): Promise<string> {
  const path = join(folder, "branching.json");
  await writeFile(path, JSON.stringify(branching));
  return path;
}

/** An .onnx file with an unknown operator between two convolutions. */
async function writeOnnxFile(): Promise<string> {
  const path = join(folder, "net.onnx");
  const bytes = modelBytes({
    inputs: { x: [1, 3, 8, 8] },
    outputs: ["y"],
    stored: { "stem.weight": numbers([4, 3, 3, 3]), "head.weight": numbers([8, 4, 3, 3]) },
    nodes: [
      ["Conv", ["x", "stem.weight"], ["a"]],
      ["Foo", ["a"], ["b"], {}, { domain: "com.acme" }],
      ["Conv", ["b", "head.weight"], ["y"]],
    ],
  });
  await writeFile(path, bytes);
  return path;
}

describe("for people", () => {
  test("LeNet-5 fits 80 columns, with the omitted columns, the totals in words and the conventions", async () => {
    const { code, out, err } = await inspect("lenet5");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatchInlineSnapshot(`
      "lenet5, input 1x1x28x28

      layer  operator  output      kernel  parameters    MACs  activations  field
      -----  --------  ----------  ------  ----------  ------  -----------  -----
      0      Conv      1x6x28x28   5x5 p2         156   118 k        4,704      5
      1      Relu      1x6x28x28                                     4,704      5
      2      MaxPool   1x6x14x14   2x2/2                             1,176      6
      3      Conv      1x16x10x10  5x5          2,416   240 k        1,600     14
      4      Relu      1x16x10x10                                    1,600     14
      5      MaxPool   1x16x5x5    2x2/2                               400     16
      6      Flatten   1x400                                                   16
      7      Gemm      1x120                   48,120  48.0 k          120    all
      8      Relu      1x120                                           120    all
      9      Gemm      1x84                    10,164  10.1 k           84    all
      10     Relu      1x84                                             84    all
      11     Gemm      1x10                       850     840           10    all
      -----  --------  ----------  ------  ----------  ------  -----------  -----
      total                                    61,706   417 k       14.6 k

      Left out because the terminal is too narrow: input, param. %, MACs %, jump,
        center. --format csv has every column.
      field: receptive field in input pixels, over the longest path; all: sees the
        whole input.

      Parameters   61,706 (61.7 k): weights 61,470, biases 236; all trainable; stored
                   in 247 kB
      MACs         416,520 (417 k) for one example: multiply-accumulate pairs of
                   convolutions and matrix products, including attention; biases are
                   not counted
      FLOPs        852,370 (852 k): 2 x MACs, plus one for every other arithmetic
                   operation or function call
      Activations  14,602 (14.6 k) elements that layers write, 58.4 kB; of these 6,518
                   by convolutions and matrix products
      Inference    270 kB for one example: weights 247 kB, tensors at their peak
                   23.5 kB (at 2)
      Training     1.02 MB: weights 247 kB, gradients 247 kB, adam 494 kB, activations
                   kept for the backward pass 35.5 kB
      Intensity    2.32 FLOPs a byte, every layer by itself
      "
    `);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("the table of the documentation is the printed table", async () => {
    const text = await readFile(new URL("../../../docs/inspect.md", import.meta.url), "utf8");
    const [, block] = /```\n(lenet5, [\s\S]*?)```/.exec(text) ?? [];
    const printed = new Set((await inspect("lenet5")).out.split("\n"));
    expect(block.split("\n").filter((line) => line !== "..." && !printed.has(line))).toEqual([]);
  });

  test("a branching network at 120 columns shows windows, jumps and percentages", async () => {
    const { out } = await inspect(`${await writeBranching()} --input-shape 3x32x32 --batch 4`, { columns: 120 });
    expect(out).toMatchInlineSnapshot(`
      "branching.json, input 4x3x32x32

      layer  operator            output     kernel        parameters  param. %   MACs  MACs %  activations  field  jump
      -----  ------------------  ---------  ------------  ----------  --------  -----  ------  -----------  -----  ----
      0      Conv                4x8x16x16  3x3/2 p1             224      46.5  221 k    59.9        8,192      3     2
      1.0    Conv                4x8x16x16  3x3 p2 d2 g4         152      31.5  147 k    40.0        8,192     11     2
      1.1    BatchNormalization  4x8x16x16                        16       3.3                       8,192     11     2
      1.2    Relu                4x8x16x16                                                           8,192     11     2
      1      Add                 4x8x16x16                                                           8,192     11     2
      2      GlobalAveragePool   4x8x1x1                                                                32    all
      2      Reshape             4x8                                                                          all
      3      Gemm                4x10                             90      18.7    320     0.1           40    all
      -----  ------------------  ---------  ------------  ----------  --------  -----  ------  -----------  -----  ----
      total                                                      482            369 k               41.0 k

      Left out because the terminal is too narrow: input, center. --format csv has every column.
      field: receptive field in input pixels, over the longest path; all: sees the whole input; jump: input pixels between
        neighbors.

      Parameters   482: weights 448, biases 34; all trainable; running statistics besides, 16; stored in 1.99 kB
      MACs         368,960 (369 k) for a batch of 4: multiply-accumulate pairs of convolutions and matrix products, including
                   attention; biases are not counted
      FLOPs        795,304 (795 k): 2 x MACs, plus one for every other arithmetic operation or function call
      Activations  41,032 (41.0 k) elements that layers write, 164 kB; of these 16.4 k by convolutions and matrix products
      Inference    100 kB for a batch of 4: weights 1.99 kB, tensors at their peak 98.3 kB (at 1)
      Training     155 kB: weights 1.99 kB, gradients 1.93 kB, adam 3.86 kB, activations kept for the backward pass 148 kB
      Intensity    1.93 FLOPs a byte, every layer by itself
      "
    `);
  });

  test("no line is wider than the terminal from 60 columns on, and no number is cut", async () => {
    for (const columns of [60, 72, 96, 150]) {
      const { out } = await inspect("resnet18", { columns });
      expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(columns);
      expect(out).toMatch(/^total .*11,689,512/m);
      expect(out.split("\n").filter((line) => /^…?.*downsample\.0/.test(line))).toHaveLength(3);
    }
  });

  test("--exact prints every digit, --depth one row per module, --freeze separate counts", async () => {
    expect((await inspect("lenet5 --exact")).out).toContain("416,520");
    const { out } = await inspect("resnet18 --depth 1 --freeze layer1.*,bn1.*", { columns: 100 });
    expect(out.split("\n").filter((line) => /^(conv1|bn1|layer\d|fc) /.test(line))).toHaveLength(7);
    expect(out).toContain("147,968");
    expect(out.replace(/\s+/g, " ")).toContain("11,541,416 trainable, 148,096 frozen");
  });

  test("--sort puts the largest first, --reverse the smallest", async () => {
    const firsts = async (line: string): Promise<string[]> =>
      (await inspect(`lenet5 --format csv ${line}`)).out
        .split("\r\n")
        .slice(1, 4)
        .map((row) => row.split(",")[0]);
    expect(await firsts("--sort parameters")).toEqual(["7", "9", "3"]);
    expect(await firsts("--sort macs")).toEqual(["3", "0", "7"]);
    expect((await firsts("--sort activations --reverse"))[0]).toBe("6");
    expect(await firsts("--reverse")).toEqual(["11", "10", "9"]);
  });

  test("long tables omit rows that only move data and say so; --all shows them", async () => {
    const units = (index: number) => [{ kind: "dense", units: 4 + (index % 2) }, { kind: "flatten" }];
    const layers = Array.from({ length: 60 }, (_, index) => units(index)).flat();
    const path = join(folder, "long.json");
    await writeFile(path, JSON.stringify({ kind: "sequential", layers }));
    const { out } = await inspect(`${path} --input-shape 4`);
    expect(out).not.toContain("Flatten");
    expect(out).toContain("60 rows that only move data left out; --all shows all.");
    expect((await inspect(`${path} --input-shape 4 --all`)).out.match(/Flatten/g)).toHaveLength(60);
  });

  test("on a terminal, rows without parameters and products are dimmed", async () => {
    expect((await inspect("lenet5")).out).not.toContain("\u001b");
    const { out } = await inspect("lenet5", { hasColors: true });
    const lines = out.split("\n").map((line) => line.replaceAll("\u001b", "ESC"));
    expect(lines[4]).toMatch(/^0 +Conv /);
    expect(lines[5]).toMatch(/^ESC\[2m1 +Relu .*ESC\[22m$/);
  });

  test("unknown operators are listed with the reason, and totals are lower bounds", async () => {
    const { code, out } = await inspect(await writeOnnxFile());
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "net.onnx, input 1x3x8x8

      layer  operator      output   kernel  parameters     MACs  activations  field
      -----  ------------  -------  ------  ----------  -------  -----------  -----
      stem   Conv          1x4x6x6  3x3            108    3,888          144      3
      Foo    com.acme.Foo  unknown                      unknown      unknown
      head   Conv          unknown                 288  unknown      unknown
      -----  ------------  -------  ------  ----------  -------  -----------  -----
      total                                        396  ≥ 3,888        ≥ 144

      Left out because the terminal is too narrow: input, param. %, MACs %, jump,
        center. --format csv has every column.
      field: receptive field in input pixels, over the longest path.

      2 layers could not be accounted, so totals are lower bounds:
        Foo (com.acme.Foo): the operator is not supported
        head (Conv): its input "b" comes from com.acme.Foo (makes "b"), which is
          unknown

      Parameters   396: weights 396, biases 0; all trainable; stored in 1.58 kB
      MACs         at least 3,888 for one example: multiply-accumulate pairs of
                   convolutions and matrix products, including attention; biases are
                   not counted
      FLOPs        at least 7,776: 2 x MACs, plus one for every other arithmetic
                   operation or function call
      Activations  at least 144 elements that layers write, 576 bytes; of these 144 by
                   convolutions and matrix products
      Inference    at least 2.93 kB for one example: weights 1.58 kB, tensors at their
                   peak 1.34 kB (at stem)
      Training     at least 7.68 kB: weights 1.58 kB, gradients 1.58 kB, adam 3.17 kB,
                   all activations 1.34 kB
      Intensity    2.22 FLOPs a byte, every layer by itself
      "
    `);
  });
});

describe("for programs", () => {
  test("--json is the inspection of the library, versioned, and adds up", async () => {
    const { out } = await inspect("lenet5 --json --batch 2");
    const document = JSON.parse(out) as Inspection;
    expect(out.endsWith("}\n")).toBe(true);
    expect(document).toMatchObject({
      schema: 1,
      model: "lenet5",
      batchSize: 2,
      inputs: [{ name: "input", shape: [2, 1, 28, 28], type: "float32" }],
      totals: { parameters: 61_706, trainable: 61_706, frozen: 0, macs: 2 * 416_520, isLowerBound: false },
      unknown: [],
    });
    expect(document.layers[3]).toMatchObject({
      ...{ name: "3", operator: "Conv", inputShape: [2, 6, 14, 14], outputShape: [2, 16, 10, 10] },
      ...{ kernel: [5, 5], stride: [1, 1], padding: [0, 0, 0, 0], weights: 2_400, biases: 16, macs: 480_000 },
      receptiveField: { size: [14, 14], stride: [2, 2], isAligned: true },
    });
    expect(document.layers.reduce((sum, { macs }) => sum + (macs ?? 0), 0)).toBe(document.totals.macs);
    expect((await inspect("lenet5 --format json --batch 2")).out).toBe(out);
  });

  test("CSV has one line per layer, exact numbers, and each shape in one cell", async () => {
    const { out } = await inspect("lenet5 --format csv");
    const [head, first, ...rest] = out.trimEnd().split("\r\n");
    const cells = Object.fromEntries(head.split(",").map((name, index) => [name, first.split(",")[index]]));
    expect(cells).toMatchObject({
      ...{ name: "0", operator: "Conv", inputShape: "1x1x28x28", outputShape: "1x6x28x28", kernel: "5x5" },
      ...{ padding: "2x2x2x2", parameters: "156", macs: "117600", flops: "239904", receptiveField: "5x5" },
    });
    expect(rest).toHaveLength(11);
  });

  test("Markdown is a table in GitHub's form", async () => {
    const lines = (await inspect("lenet5 --format markdown")).out.trimEnd().split("\n");
    expect(lines[1]).toBe("| --- | --- | --- | --- | --- | ---: | ---: | ---: | --- |");
    expect(lines[2]).toBe("| 0 | Conv | 1x6x28x28 | 5x5 | 1x1 | 156 | 117,600 | 4,704 | 5x5 |");
    expect(lines.at(-1)).toBe("| total |  |  |  |  | 61,706 | 416,520 | 14,602 |  |");
    expect(new Set(lines.map((line) => line.split("|").length)).size).toBe(1);
  });
});

describe("several models", () => {
  test("--compare puts them side by side, with the columns that fit", async () => {
    expect((await inspect("lenet5 mini-googlenet mlp:784-100-10 --compare")).out).toMatchInlineSnapshot(`
      "model           parameters    MACs  activations  inference  training  field
      --------------  ----------  ------  -----------  ---------  --------  -----
      lenet5              61.7 k   417 k       14.6 k     270 kB   1.02 MB     16
      mini-googlenet      1.65 M   235 M       1.72 M    7.28 MB   31.4 MB     45
      mlp:784-100-10      79.5 k  79.4 k          210     322 kB   1.28 MB

      Left out because the terminal is too narrow: input, layers, FLOPs, intensity.
        --format csv has every column.
      MACs: multiply-accumulate pairs; inference: bytes of weights and of the largest
        sum of tensors alive at once; training: bytes of weights, gradients, slots of
        adam and activations kept for the backward pass; field: receptive field in
        input pixels of the last layer whose elements do not all see the whole input;
        numbers for batch 1.
      "
    `);
    const wide = (await inspect("lenet5 mini-googlenet --compare", { columns: 130 })).out;
    expect(wide).toMatch(/^model +input +layers +parameters +MACs +FLOPs +activations +inference +training +intensity/);
  });

  test("without --compare they are refused, and the message says what to write", async () => {
    const { code, out, err } = await inspect("lenet5 alexnet");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe(
      "error: trainscope inspect: several models are given: expected one, or --compare, received lenet5, alexnet. Write trainscope inspect lenet5 alexnet --compare\n",
    );
  });

  test("are exact in documents", async () => {
    const { models } = JSON.parse((await inspect("lenet5 mini-googlenet --compare --json")).out);
    expect(models.map(({ totals }: Inspection) => totals.parameters)).toEqual([61_706, 1_652_826]);
    const csv = (await inspect("lenet5 mini-googlenet --compare --format csv")).out.split("\r\n");
    expect(csv[1]).toMatch(/^lenet5,1x1x28x28,12,61706,416520,/);
  });
});

describe("figures", () => {
  test("are written in every format, and JSON names them", async () => {
    const out = join(folder, "figures");
    const { figures } = JSON.parse((await inspect(`lenet5 --figures ${out} --json`)).out);
    expect(figures.map(({ id }: { id: string }) => id)).toEqual([
      "cost-per-layer",
      "memory-per-layer",
      "receptive-field-growth",
    ]);
    const files = await readdir(out);
    expect(files.filter((name) => name.startsWith("lenet5-cost-per-layer")).map((name) => name.slice(22))).toEqual([
      "csv",
      "png",
      "svg",
      "vl.json",
    ]);
    expect(await readFile(join(out, "lenet5-cost-per-layer.csv"), "utf8")).toContain("3 Conv,macs,Conv,240000");
    const compared = await inspect(`lenet5 mlp --compare --figures ${out}`);
    expect(compared.err).toBe(
      `figure: Work against size: ${join(out, "macs-against-parameters.svg")}\nfigure: Receptive fields grow with depth: ${join(out, "receptive-field-growth.svg")}\n`,
    );
  });
});

describe("the effective receptive field", () => {
  test("is measured on ONNX Runtime, reported as text and JSON, and reproducible", async () => {
    const line = `${await writeBranching()} --input-shape 3x16x16 --effective-field --examples 2`;
    const { out } = await inspect(line);
    expect(out).toMatch(/\nEffective field: center of \S+, standard deviation [\d.]+ x [\d.]+\s+pixels;/);
    const [first, second] = await Promise.all([inspect(`${line} --json`), inspect(`${line} --json`)]);
    expect(second.out).toBe(first.out);
    const { effectiveField } = JSON.parse(first.out);
    expect(effectiveField).toMatchObject({ shape: [16, 16], examples: 2, seed: 0, average: "absolute" });
    expect(effectiveField.map.reduce((sum: number, value: number) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(effectiveField.deviation[0]).toBeGreaterThan(0.5);
  });
});

describe("wrong arguments are refused with one sentence and exit code 2", () => {
  test.each([
    ["resnet81", 'unknown model "resnet81". Did you mean "resnet18"?'],
    ["net.pt", "expected a catalogue name (resnet18, mlp:784-100-10) or a path that ends in .onnx or .json"],
    ["none/such.onnx", "none/such.onnx: no such file. Check the path"],
    ["mlp --input-shape 3x0", 'expected positive extents, as 3x224x224, image=3x224x224 or height=224, received "3x0"'],
    ["lenet5 --input-shape image=1x28x28", "a model of layers has one input and no named dimensions"],
    ["lenet5 --input-shape 28", "model.layers[0] (conv2d): conv2d needs images"],
    ["lenet5 --batch 0", "--batch: wrong value: expected an integer of at least 1"],
    ["lenet5 --sort size", '--sort: unknown value "size". Valid: parameters, macs, flops'],
    ["lenet5 --format yaml", '--format: unknown value "yaml". Valid: table, json, csv, markdown'],
    ["lenet5 --freeze nothing.*", 'freeze pattern "nothing.*": nothing in the model matches'],
    ["lenet5 --effective-field nope", "no such layer, or no field"],
    ["lenet5 --compare --effective-field", "effective receptive fields are measured one model at a time"],
    ["lenet5 --optimizer adan", '--optimizer: unknown value "adan". Did you mean "adam"'],
  ])("%s", async (line, message) => {
    const { code, out, err } = await inspect(line);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
    expect(err.trimEnd()).not.toContain("\n");
  });

  test("JSON errors are documents", async () => {
    const { code, out } = await inspect("resnet81 --json");
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ schema: 1, error: { code: "unknown-name" } });
    const { err } = await inspect("lenet5 --json --format csv");
    expect(err).toBe("error: --json: two formats are requested: received --json and --format csv. Leave one out\n");
  });
});
