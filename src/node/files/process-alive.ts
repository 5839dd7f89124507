// Whether a process of this machine still runs.

/** Whether some process has this number now; it may be another one than before. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it runs, but belongs to somebody else.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
