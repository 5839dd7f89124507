// Checks whether a process on this machine is still running.

/** Whether some process has this id now, which may be another process than before. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it is running, but belongs to another user.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
