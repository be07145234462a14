/**
 * Runs the test suites one after the other through ava and ends in one count line: `N passed, N failed[, N skipped]`.
 * Suites: everything that needs no root (in parallel), then the kernel and system tests (one file at a time), which are told as they pass.
 * A runner that says nothing for too long is ended, with everything it has started, and counts as failed. What failed is told when it
 * happens and again before the count line, so that the end of a log is enough to know it. I/O.
 */
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { killTree } from './kill-tree.ts';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

interface Suite {
  readonly name: string;
  readonly config: string;
  readonly needsRoot: boolean;
}

const suites: readonly Suite[] = [
  { name: 'unit', config: 'ava.config.js', needsRoot: false },
  { name: 'kernel', config: 'ava.kernel.config.js', needsRoot: true },
];
/** Longer than any one test takes, on a busy machine too. */
const silenceMsMax = 15 * 60_000;
/** Files that are named are run whatever a configuration leaves out. */
const rootFiles = /^(\.\/)?test\/(kernel|system|robustness)\//;

/** Of one failure, so much is repeated at the end. */
const repeatedLinesMax = 40;
const repeatedWidthMax = 1_000;

const patterns = process.argv.slice(2);
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const failures: string[][] = [];
for (const suite of suites) {
  const chosen = patterns.filter((pattern) => rootFiles.test(pattern) === suite.needsRoot);
  if (patterns.length === 0 || chosen.length > 0) await runSuite(suite, chosen);
}
if (failures.length > 0) process.stdout.write(`What failed:\n${failures.map(repeated).join('\n')}\n\n`);
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`,
);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

/** Runs one ava configuration, echoes what went wrong, and adds to the totals. A run that ends badly without a failed test counts as one. */
async function runSuite({ name, config, needsRoot }: Suite, chosen: readonly string[]): Promise<void> {
  const started = performance.now();
  const before = { ...total };
  const child = execa(
    process.execPath,
    ['node_modules/ava/entrypoints/cli.mjs', '--tap', '--config', config, ...chosen],
    { reject: false, stdin: 'ignore', stderr: 'inherit', buffer: false },
  );
  const lines = createInterface({ input: child.stdout });
  let lastMs = started;
  const guard = setInterval(() => {
    if (performance.now() - lastMs < silenceMsMax) return;
    tellFailure(`${name}: no test has ended for ${silenceMsMax / 60_000} minutes; ending the runner`);
    total.failed++;
    killTree(child.pid!);
    lines.close(); // what was started elsewhere may hold the pipe open
  }, 5_000);
  let isReporting = false;
  for await (const line of lines) {
    isReporting = readTapLine(line, isReporting);
    if (!/^(not )?ok \d+/.test(line)) continue;
    const tookMs = performance.now() - lastMs;
    lastMs += tookMs;
    if (needsRoot && line.startsWith('ok'))
      process.stdout.write(`${(tookMs / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  }
  clearInterval(guard);
  const { exitCode } = await child;
  if (exitCode !== 0 && total.failed === before.failed) {
    tellFailure(`${name}: the runner ended with code ${exitCode} without naming a failed test`);
    total.failed++;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `${name}: ${total.passed - before.passed} passed, ${total.failed - before.failed} failed in ${seconds} s\n\n`,
  );
}

/** Counts one TAP line; returns whether the lines that follow belong to a failure and are to be shown. */
function readTapLine(line: string, isReporting: boolean): boolean {
  if (/^ok \d+/.test(line)) {
    if (/ # (SKIP|TODO)/i.test(line)) {
      total.skipped++;
      process.stdout.write(`skipped: ${line.replace(/^ok \d+ - /, '')}\n`);
    } else total.passed++;
    return false;
  }
  if (/^not ok \d+/.test(line)) {
    if (/ # TODO/i.test(line)) total.skipped++;
    else total.failed++;
    tellFailure(line);
    return true;
  }
  // what a test has logged stands between its line and its failure
  if (isReporting && /^(\s|#|$)/.test(line)) {
    process.stdout.write(`${line}\n`);
    failures.at(-1)!.push(line);
    return true;
  }
  return false;
}

function tellFailure(line: string): void {
  process.stdout.write(`${line}\n`);
  failures.push([line]);
}

function repeated(lines: readonly string[]): string {
  const left = lines.length - repeatedLinesMax;
  const shown = lines.slice(0, repeatedLinesMax).map((line) => line.slice(0, repeatedWidthMax));
  return [...shown, ...(left > 0 ? [`  ... ${left} more lines above`] : [])].join('\n');
}
