/** Has the agent's own program look at settings that nobody has written yet: which values are good, only it knows. I/O. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliError } from '../errors.ts';

const checkMsMax = 60_000;

/** Where the programs of this installation lie. */
export function programPath(name: string): string {
  return join(import.meta.dirname, '../../bin', name);
}

/** What it would do with the text as its calico.env, in lines for people. Throws CLI_CONFIG with its problems. */
export async function checkSettings(text: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'calico-settings-'));
  try {
    writeFileSync(join(directory, 'calico.env'), text, { mode: 0o600 });
    return await check(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Nothing of this process's environment counts: the services do not see it either. */
function check(directory: string): Promise<string> {
  const env = { PATH: process.env.PATH ?? '', CALICO_CONFIG_DIR: directory };
  return new Promise((resolve, reject) => {
    execFile(programPath('calico-node'), ['check'], { env, timeout: checkMsMax }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(cliError('CLI_CONFIG', stderr.trim().replaceAll(/^calico-node: /gm, '') || error.message));
    }).stdin?.end();
  });
}
