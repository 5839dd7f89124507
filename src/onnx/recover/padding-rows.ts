// Finds the padding rows of embeddings: PyTorch gives them no gradient, but ONNX has no way to say so.
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import type { StoredWeight } from "./parameters.js";
import { tracedPadding } from "./traced-weights.js";
import { isTable } from "./weight-places.js";

/** A row of a table that gets no gradient, and its values. */
export interface PaddingOfTable {
  readonly name: string;
  readonly row: number;
  readonly values: TensorData;
}

/**
 * The padding rows of tables that only Gather reads. PyTorch's dynamo exporter records `padding_idx`. For other
 * exporters it is the only row of zeros in a table, as `nn.Embedding` initializes it.
 */
export function paddingRows(file: OnnxFile, weights: readonly StoredWeight[]): PaddingOfTable[] {
  const tables = weights.filter(({ value }) => value.shape.length === 2);
  const readers = new Map(tables.map(({ name }) => [name, [] as NodeProto[]]));
  for (const node of file.inlined.nodes) for (const name of node.input) readers.get(name)?.push(node);
  return tables.flatMap(({ name, value }) => {
    const nodes = readers.get(name) as NodeProto[];
    if (nodes.length === 0 || !nodes.every((node) => isTable(node) && node.input[0] === name)) return [];
    const row = tracedPadding(nodes) ?? onlyRowOfZeros(value);
    const [rows, columns] = value.shape;
    if (row === undefined || row < 0 || row >= rows) return [];
    const held = Array.from(value.data.slice(row * columns, (row + 1) * columns), Number);
    return [{ name, row, values: tensorFrom("float32", [columns], held) }];
  });
}

function onlyRowOfZeros({ shape: [rows, columns], data }: TensorData): number | undefined {
  const isZero = (row: number): boolean => data.slice(row * columns, (row + 1) * columns).every((x) => Number(x) === 0);
  const zeros = Array.from({ length: rows }, (_, row) => row).filter(isZero);
  return rows > 1 && zeros.length === 1 ? zeros[0] : undefined;
}
