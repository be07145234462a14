/** `calicoctl node init` and `node uninstall`: what they would do, what they write, what they leave alone. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runCli } from './run-cli.ts';

function folder(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'calico-init-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'calico.env');
  const init = (words: string[], answers?: (question: string) => string) =>
    runCli(['node', 'init', '--dir', directory, ...words], answers === undefined ? {} : { answers });
  return { directory, file, init, text: () => readFileSync(file, 'utf8') };
}

test('init writes what its flags say, and nothing the second time', async (t) => {
  const { file, init, text } = folder(t);
  const words = ['--node', 'web-1', '--ip', '192.0.2.7/24', '--ip6', 'none', '--agent-only'];
  t.is((await init([...words, '--dry-run'])).exitCode, 0);
  t.false(existsSync(file));
  const { exitCode, stdout } = await init(words);
  t.is(exitCode, 0);
  t.regex(stdout, /^\+ NODENAME=web-1\n\+ IP=192\.0\.2\.7\/24\n\+ IP6=none\n\+ CALICO_APISERVER=disabled\nWrote /);
  t.regex(stdout, /^Node web-1; IPv4 192\.0\.2\.7\/24, IPv6 none; store embedded at /m);
  t.is(text(), 'NODENAME=web-1\nIP=192.0.2.7/24\nIP6=none\nCALICO_APISERVER=disabled\n');
  t.is(statSync(file).mode & 0o777, 0o640);
  const changedAt = statSync(file).mtimeMs;
  t.regex((await init(words)).stdout, /nothing to change/);
  t.is(statSync(file).mtimeMs, changedAt);
});

test('init leaves the lines of others as they are, and their values unless it is forced', async (t) => {
  const { file, init, text } = folder(t);
  const before = '# by hand\n\nNODENAME="old-name"  # mine\nFELIX_LOGSEVERITYSCREEN=Debug';
  writeFileSync(file, before);
  chmodSync(file, 0o604);
  const refused = await init(['--node', 'web-1', '--ip', 'none']);
  t.is(refused.exitCode, 5);
  t.regex(refused.stderr, /has other values for NODENAME; --force replaces them/);
  t.is(text(), before);
  t.regex((await init(['--node', 'web-1', '--dry-run'])).stdout, /^- NODENAME=old-name\n\+ NODENAME=web-1\n/);
  t.is((await init(['--node', 'web-1', '--force'])).exitCode, 0);
  t.is(text(), '# by hand\n\nFELIX_LOGSEVERITYSCREEN=Debug\nNODENAME=web-1\n');
  t.is(statSync(file).mode & 0o777, 0o604);
});

test('init writes nothing that the agent would not take, and names the setting', async (t) => {
  const { file, init } = folder(t);
  for (const [words, problem] of [
    [['--node', 'Web_1'], /NODENAME/],
    [['--ip', '300.1.1.1'], /^IP: must be an IPv4 address/],
    [['--ip6', '192.0.2.1'], /^IP6: must be an IPv6 address/],
    [['--ip-autodetection-method', 'guess'], /IP_AUTODETECTION_METHOD/],
    [['--datastore', 'oracle'], /DATASTORE_TYPE/],
    [['--datastore', 'etcdv3'], /ETCD_ENDPOINTS/],
    [['--datastore', 'etcdv3', '--etcd-endpoints', 'ftp://x'], /ETCD_ENDPOINTS/],
    [['--node', 'a\nIP=1.2.3.4'], /NODENAME.*one word/s],
    [['--ip-autodetection-method', 'interface=$(reboot)'], /IP_AUTODETECTION_METHOD.*one word/],
  ] as const) {
    const { exitCode, stderr } = await init([...words]);
    t.not(exitCode, 0, words.join(' '));
    t.regex(stderr, problem);
    t.false(existsSync(file));
  }
});

test('init asks on a terminal; an empty answer keeps what is there', async (t) => {
  const { file, init, text } = folder(t);
  writeFileSync(file, 'NODENAME=old-name\n');
  const asked: string[] = [];
  const { stdout } = await init([], (question) => {
    asked.push(question);
    return /^Store/.test(question) ? 'etcdv3' : /^Endpoints/.test(question) ? 'http://192.0.2.9:2379' : '';
  });
  t.regex(stdout, /store etcdv3 at http:\/\/192\.0\.2\.9:2379/);
  t.is(asked[0], 'Name of this node [old-name]: ');
  t.is(text(), 'NODENAME=old-name\nDATASTORE_TYPE=etcdv3\nETCD_ENDPOINTS=http://192.0.2.9:2379\n');
});

test('uninstall says what it would do', async (t) => {
  const { exitCode, stdout } = await runCli(['node', 'uninstall', '--restore', '--dry-run']);
  t.is(exitCode, 0);
  t.regex(stdout, /Taking everything of ours out of the kernel: .*bin\/calico-node uninstall\n$/);
  t.notRegex((await runCli(['node', 'uninstall', '--dry-run'])).stdout, /out of the kernel:/);
});
