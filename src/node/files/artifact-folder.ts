// An artifact store in a folder: one file per artifact, named by the SHA-256 of its bytes.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CorruptFileError, InvalidInputError, MissingDataError } from "../../core/errors.js";
import type { ArtifactStore } from "../../data/artifact-store.js";
import { readUserFile } from "../data/read-file.js";
import { writeFileAtomic } from "./atomic-file.js";
import { makeFolder } from "./make-folder.js";
import { sha256Natively } from "./sha256.js";

/**
 * The artifacts of a folder, which is created with the first artifact. Several processes may use it at once, also on a
 * network file system, because a file is either complete or absent.
 */
export function artifactFolder(folder: string): ArtifactStore {
  return {
    async put(bytes) {
      const sha256 = sha256Natively([bytes]);
      await makeFolder(folder);
      const path = join(folder, sha256);
      const known = await stat(path).catch(() => undefined);
      // A damaged file of the same length is detected when it is opened; it can be stored again after its removal.
      if (known?.size !== bytes.length) await writeFileAtomic(path, bytes);
      return sha256;
    },
    async open(sha256) {
      const path = join(folder, checked(sha256));
      const bytes = await readUserFile(path).catch((cause: unknown) => {
        throw cause instanceof MissingDataError ? noArtifact(path, cause) : cause;
      });
      const received = sha256Natively([bytes]);
      if (received === sha256) return bytes;
      throw new CorruptFileError("damaged artifact, its bytes are not those that were put", {
        where: path,
        expected: `SHA-256 ${sha256}`,
        received,
        remedy: "Remove the file and put the artifact again",
      });
    },
  };
}

/** Names come from untrusted specs, so only a hash may become part of a path. */
function checked(sha256: string): string {
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  throw new InvalidInputError("not the name of an artifact", {
    where: "artifact",
    expected: "64 hexadecimal digits",
    received: sha256.slice(0, 80),
  });
}

function noArtifact(path: string, cause: unknown): MissingDataError {
  return new MissingDataError("no such artifact", {
    where: path,
    remedy: "Put it into this folder, or name the folder that has it",
    cause,
  });
}
