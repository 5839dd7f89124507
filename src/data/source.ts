// Where a data set comes from, as JSON that another process can open again.
import * as z from "zod";
import type { Json } from "../core/formats/json.js";

/** Names the bytes of a data set: hexadecimal digits that change when any example changes. */
const fingerprint = z.string().min(1);

/**
 * Where a data set comes from. Part of a trial's spec, so that whoever has the spec can train on the same examples.
 *
 * - `published`: a set of the table (`mnist`); the fingerprint says whether it is the full set or the sample.
 * - `synthetic`: a set that is drawn, with every option of its definition written out.
 * - `artifact`: a user's data set in an artifact store, by the SHA-256 of its file.
 * - `local`: a user's files, which no other process can open.
 */
export const dataSourceSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("published"), name: z.string(), fingerprint }),
  z.strictObject({
    kind: z.literal("synthetic"),
    name: z.string(),
    options: z.record(z.string(), z.json() as z.ZodType<Json>),
    /** Targets as the loss wants them, where that is not what the set has by itself. */
    targets: z.enum(["class", "value"]).optional(),
    fingerprint,
  }),
  z.strictObject({
    kind: z.literal("artifact"),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
    format: z.literal("safetensors"),
    fingerprint,
  }),
  z.strictObject({ kind: z.literal("local"), name: z.string(), fingerprint }),
]);

export type DataSource = Readonly<z.output<typeof dataSourceSchema>>;

/**
 * The name of a user's data set: the name of its file or folder, and the beginning of its fingerprint, since many folders
 * are called `data`.
 */
export function localName(file: string, bytes: string): string {
  return `${file}@${bytes.slice(0, 8)}`;
}

/** What a data set that was read or made in this process is called, for whoever builds a `Dataset` of arrays. */
export function localData(name: string, bytes: string) {
  const source: DataSource = { kind: "local", name, fingerprint: bytes };
  return { id: name, title: name, isSample: false, fingerprint: bytes, source } as const;
}

/** The name of a data set's source, for messages: `mnist`, `data.npz@1f2e3d4c`, `artifact 0a1b2c3d`. */
export function sourceText(source: DataSource): string {
  return source.kind === "artifact" ? `artifact ${source.sha256.slice(0, 8)}` : source.name;
}
