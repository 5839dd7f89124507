// How to run a PyTorch script of ours: the `.py` files beside this one, in the sources and in the package alike.
import { fileURLToPath } from "node:url";

export type PeerScript = "pytorch_peer" | "ensemble_peer";

/** The file of a script. The build copies it to where the compiled modules are. */
export const peerScript = (script: PeerScript): string => fileURLToPath(new URL(`./${script}.py`, import.meta.url));

/** Runs a script unbuffered, with its work as JSON. */
export function peerCommand(python: string, script: PeerScript, work: unknown): string[] {
  return [python, "-u", peerScript(script), JSON.stringify(work)];
}
