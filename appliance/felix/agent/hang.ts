/** For tests alone: a step that no longer comes back once the process has run for some time (DebugSimulateCalcGraphHangAfter). I/O: the clock. */

/** `afterMs` is asked at each step; 0 is never. */
export function createHang(afterMs: () => number): () => Promise<void> {
  const startedMs = performance.now();
  return async () => {
    const ms = afterMs();
    if (ms > 0 && performance.now() - startedMs > ms) await new Promise(() => undefined);
  };
}
