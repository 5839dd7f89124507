// The port of an artifact store: bytes that are named by their SHA-256, for other processes to open.

/** Where data sets and checkpoints lie that several processes use. What is in it never changes. */
export interface ArtifactStore {
  /** Keeps the bytes; a second time is no change. @returns their SHA-256, 64 hexadecimal digits. */
  put(bytes: Uint8Array): Promise<string>;
  /** @throws MissingDataError where there are none of this name, CorruptFileError where they are others. */
  open(sha256: string): Promise<Uint8Array>;
}
