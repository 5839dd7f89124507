// PyTorch as a peer: finding it, and running the script that trains the same networks on the same amount of data.
import { spawn } from "node:child_process";
import type { Assignment } from "../workloads/workload.js";
import type { ChildCommand } from "./child.js";
import { peerCommand } from "./peer-command.js";
import { lastLine } from "./protocol.js";

export interface PyTorch {
  readonly python: string;
  readonly version: string;
}

/** PyTorch on this machine, or the reason why there is none to compare with. */
export async function findPyTorch(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PyTorch | string> {
  // An empty value counts as unset.
  const given = environment.TRAINSCOPE_PYTHON === "" ? undefined : environment.TRAINSCOPE_PYTHON;
  const python = given ?? "python3";
  const { code, out, err } = await outputOf(python, ["-c", "import torch; print(torch.__version__)"]);
  if (code === 0) return { python, version: lastLine(out) };
  const named = given === undefined ? "python3" : "the Python that TRAINSCOPE_PYTHON names";
  if (code === undefined) return `${named} cannot be started`;
  return err.includes("No module named 'torch'")
    ? `${named} has no torch`
    : `${named} cannot import torch (${lastLine(err)})`;
}

/**
 * Environment variables set the threads of the libraries beneath PyTorch, because its own call does not reach all of
 * them.
 */
export function pytorchCommand(
  { python }: PyTorch,
  { model: _, optimizer: __, ...assignment }: Assignment,
  threads: number,
): ChildCommand {
  return {
    name: "PyTorch",
    command: peerCommand(python, "pytorch_peer", { ...assignment, threads }),
    environment: threadEnvironment(threads),
  };
}

/** The variables that set the number of threads of the libraries beneath PyTorch. */
export function threadEnvironment(threads: number): Record<string, string> {
  const count = String(threads);
  return { OMP_NUM_THREADS: count, MKL_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count };
}

function outputOf(
  file: string,
  args: readonly string[],
): Promise<{ code: number | undefined; out: string; err: string }> {
  return new Promise((resolve) => {
    let [out, err] = ["", ""];
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString("utf8");
    });
    child.once("error", () => resolve({ code: undefined, out, err }));
    child.once("close", (code) => resolve({ code: code ?? 1, out, err }));
  });
}
