// The numbers of threads worth trying on a machine; on a small network, two threads can be slower than one.

/** 1, 2, 4 ... up to the number of cores, and that number itself. */
export function threadCandidates(cores: number): number[] {
  const candidates: number[] = [];
  for (let threads = 1; threads < cores; threads *= 2) candidates.push(threads);
  return [...candidates, cores];
}
