/**
 * The API under a property-based fuzzer that reads nothing but the document: no 5xx, no answer that is not described, nothing accepted that the
 * document forbids. FUZZ_SECONDS asks for a longer run, over all operations; by default some kinds of every sort are asked, for a short time.
 */
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';
import { runCli } from '../cli/run-cli.ts';

const root = join(import.meta.dirname, '../..');
const seconds = Number(process.env.FUZZ_SECONDS ?? 45);
const isLong = process.env.FUZZ_SECONDS !== undefined;
/** Kinds of several sorts: with status, namespaced, of Kubernetes; and what is no kind. */
const some = '/(tiers|networksets|clusterroles|selfsubjectaccessreviews|livez|version)(/|$)';

test('the fuzzer finds nothing', async (t) => {
  t.timeout((seconds + 200) * 1000);
  const { stdout: python } = await execa('sh', ['tools/python.sh', 'schemathesis'], { cwd: root });
  const fuzzer = join(dirname(python), 'schemathesis');
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  t.teardown(place.remove);
  // with an authority, so that what signs is asked too
  t.is((await runCli(['ca', 'init', '--dir', join(place.dir, 'etc')])).exitCode, 0);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const address = await server.address();
  const words = [
    ['run', `${address}/openapi.json`, '--seed', process.env.FUZZ_SEED ?? '5', '--max-time', String(seconds)],
    ['--phases', 'fuzzing,stateful', '--max-examples', '3', '--no-shrink', '--continue-on-failure', '--no-color'],
    // what a schema cannot say is refused too (selectors, references), and Kubernetes has no Allow header and no required proof here
    [
      '--exclude-checks',
      'positive_data_acceptance,unsupported_method,allow_header_conformance,ignored_auth,missing_required_header',
    ],
    // one worker: Python before 3.11.8 may fail when two threads parse at once (CPython issue 106905)
    ['--suppress-health-check', 'all', '--warnings', 'off', '--request-timeout', '20', '--workers', '1'],
    isLong ? [] : ['--include-path-regex', some],
  ].flat();
  const env = { SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: join(root, 'test/fuzz') };
  const run = await execa(fuzzer, words, {
    cwd: place.dir,
    env,
    all: true,
    reject: false,
    timeout: (seconds + 180) * 1000,
  });
  t.is(run.exitCode, 0, run.all);
  const cases = Number(/(\d+) generated/.exec(run.all ?? '')?.[1]);
  t.log(`${cases} cases`);
  t.true(cases >= 10, run.all);
});
