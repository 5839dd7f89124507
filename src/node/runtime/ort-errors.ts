// Shortens ONNX Runtime's messages to one sentence, and passes errors between threads.
import { EnvironmentError, type ErrorParts, InvalidInputError, type TrainscopeError } from "../../core/errors.js";
import type { WireError } from "./protocol.js";

const nodePrefix = /^Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message: /;
// `/src/element_wise_ops.h:563 void onnxruntime::Broadcast(int, int) ` or `matmul_helper.h:59 Compute `.
const sourceLocation = /^\S+\.(?:cc|cpp|h):\d+ (?:[^()\n]*\([^()\n]*\)(?: const)? |\w+ )?/;
const outOfMemory = /failed to allocate|bad_alloc|out of memory/i;

/** The nodes that failed, outermost first, as `train (Loop) > update (Add)`, and the message of the innermost one. */
export function readOrtMessage(message: string): { nodes: string; text: string } {
  const nodes: string[] = [];
  let rest = message;
  for (let match = nodePrefix.exec(rest); match !== null; match = nodePrefix.exec(rest)) {
    nodes.push(match[2] === "" ? match[1] : `${match[2]} (${match[1]})`);
    rest = rest.slice(match[0].length);
  }
  const text = rest.replace(sourceLocation, "").trim().split("\n")[0].trim();
  return { nodes: nodes.join(" > "), text: text === "" ? "failed without a message" : text };
}

/** A mistake of the caller that the worker detects; it becomes an InvalidInputError on the calling thread. */
export class HostFault extends Error {
  readonly wire: WireError;

  constructor(summary: string, parts: ErrorParts) {
    super(summary);
    this.wire = { kind: "invalid-input", summary, parts };
  }
}

/**
 * Converts any error to a sendable form. Errors of ONNX Runtime are attributed to the model or the input, unless memory
 * ran out.
 */
export function toWire(error: unknown): WireError {
  if (error instanceof HostFault) return error.wire;
  const { nodes, text } = readOrtMessage(error instanceof Error ? error.message : String(error));
  const where = nodes === "" ? "ONNX Runtime" : `ONNX Runtime, node ${nodes}`;
  if (outOfMemory.test(text)) {
    return {
      kind: "environment",
      summary: text,
      parts: { where, remedy: "Use a smaller batch, or a machine with more memory" },
    };
  }
  return { kind: "invalid-input", summary: text, parts: { where } };
}

export function fromWire(error: WireError): TrainscopeError {
  return new (error.kind === "environment" ? EnvironmentError : InvalidInputError)(error.summary, error.parts);
}
