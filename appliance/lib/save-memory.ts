/**
 * Memory of a process whose start is over. A start makes much garbage and should be over soon; from then on little is made and memory counts. I/O: sets flags
 * of the running V8. Launchers shorten the delays of V8's memory reducer, which does the work.
 */
import { setFlagsFromString } from 'node:v8';

/** Time for the collector to give back what a start has left; a second after the start it begins. */
const givingBackMs = 8_000;

/**
 * The collector then grows the heap in small steps, and gives back, a little at a time, what the start has left behind. That it does only while
 * size counts for more than speed, which also means slower code: so not for longer than it takes.
 */
export function saveMemory(): void {
  setFlagsFromString('--heap-growing-percent=30');
  setFlagsFromString('--optimize-for-size');
  setTimeout(() => setFlagsFromString('--no-optimize-for-size'), givingBackMs).unref();
}
