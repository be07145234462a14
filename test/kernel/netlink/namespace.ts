/** A network namespace for one test, and programs run inside it as independent readers. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** More than the largest ruleset that a test lists. */
const outputMax = 256 * 1024 * 1024;
let count = 0;

export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  readonly path: string;
  /** What the program prints; inside the namespace. */
  exec(program: string, ...args: string[]): Promise<string>;
}

export async function createNamespace(): Promise<TestNamespace> {
  count += 1;
  const name = `kerneltest-${process.pid}-${count}`;
  await run('ip', ['netns', 'add', name]);
  const exec = async (program: string, ...args: string[]) =>
    (await run('ip', ['netns', 'exec', name, program, ...args], { maxBuffer: outputMax })).stdout;
  await exec('ip', 'link', 'set', 'lo', 'up');
  return {
    name,
    path: `/run/netns/${name}`,
    exec,
    async [Symbol.asyncDispose]() {
      await run('ip', ['netns', 'del', name]);
    },
  };
}
