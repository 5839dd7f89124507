// Finds the padding rows of embeddings: PyTorch gives them no gradient, but ONNX has no way to say so.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import type { StoredWeight } from "./parameters.js";
import { tracedPadding } from "./traced-weights.js";
import { isTable } from "./weight-places.js";

/** A row of a table that gets no gradient where it is looked up. */
export interface PaddingOfTable {
  readonly name: string;
  readonly row: number;
}

/**
 * The padding rows of tables. PyTorch's dynamo exporter records `padding_idx`; then the table may also be the matrix of
 * another layer, which trains the row. For other exporters it is the only row of zeros in a table that is only looked up,
 * as `nn.Embedding` initializes it.
 */
export function paddingRows(file: OnnxFile, weights: readonly StoredWeight[]): PaddingOfTable[] {
  const tables = weights.filter(({ value }) => value.shape.length === 2);
  const readers = new Map(tables.map(({ name }) => [name, [] as NodeProto[]]));
  for (const node of file.inlined.nodes) for (const name of node.input) readers.get(name)?.push(node);
  return tables.flatMap(({ name, value }) => {
    const nodes = readers.get(name) as NodeProto[];
    const lookups = nodes.filter((node) => isTable(node) && node.input[0] === name);
    if (lookups.length === 0) return [];
    const row = tracedPadding(lookups) ?? (lookups.length === nodes.length ? onlyRowOfZeros(value) : undefined);
    return row === undefined || row < 0 || row >= value.shape[0] ? [] : [{ name, row }];
  });
}

function onlyRowOfZeros({ shape: [rows, columns], data }: TensorData): number | undefined {
  const isZero = (row: number): boolean => data.slice(row * columns, (row + 1) * columns).every((x) => Number(x) === 0);
  const zeros = Array.from({ length: rows }, (_, row) => row).filter(isZero);
  return rows > 1 && zeros.length === 1 ? zeros[0] : undefined;
}
