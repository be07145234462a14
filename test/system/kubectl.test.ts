/**
 * The real kubectl against the API server, with no Kubernetes anywhere: an old one, 1.32 and a current one, every verb on every kind.
 * A new kind is covered by its line in the registry. The newest does everything on all kinds, the others the most used. Which kubectls: `kubectl/programs.ts`; what one is too old for is not asked of it.
 */
import test from 'ava';
import { apiKinds as kinds } from '#appliance/resources/registry.ts';
import { findKubectls, type Kubectl } from './kubectl/programs.ts';
import { liveThrough } from './kubectl/session.ts';
import { askTheWhole } from './kubectl/whole.ts';
import { startWorld, type World } from './kubectl/world.ts';

/** Kinds at work at the same time. */
const lanes = 2;

const { found, missing } = findKubectls();

for (const kubectl of found) {
  test.serial(`kubectl ${kubectl.version} does everything it can do, on every kind`, async (t) => {
    t.timeout(1_200_000);
    t.deepEqual(await session(kubectl, (line) => t.log(line)), []);
  });
}

for (const { name, reason } of missing) test.skip(`the ${name} kubectl: ${reason}`, (t) => t.fail());

test('there is a kubectl to test with', (t) => {
  t.true(found.length > 0);
});

/** Failures of the whole session; what ran is told to `log`. */
async function session(kubectl: Kubectl, log: (line: string) => void): Promise<string[]> {
  const started = performance.now();
  const failures: string[] = [];
  await using world = await startWorld(kubectl);
  await askTheWhole(world, kinds, failures);
  await everyKind(world, kubectl === found.at(-1), failures);
  log(`${kubectl.version}: ${world.commands()} commands in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return failures;
}

/** These come last, one by one: the example of a peer names that of a filter, and a node takes its endpoints and blocks with it. */
const lonely = ['BGPFilter', 'Node'];

async function everyKind(world: World, isThorough: boolean, failures: string[]): Promise<void> {
  const only = process.env.KUBECTL_KINDS?.split(',');
  const written = kinds.filter((kind) => kind.isReadOnly !== true && (only?.includes(kind.kind) ?? true));
  const filter = kinds.find(({ kind }) => kind === 'BGPFilter')!;
  await world.run(['create', '-f', '-'], JSON.stringify(filter.example));
  const waiting = written.filter(({ kind }) => !lonely.includes(kind));
  const lane = async () => {
    for (let kind = waiting.pop(); kind !== undefined; kind = waiting.pop())
      await liveThrough(world, kind, isThorough, failures);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  for (const kind of written.filter((one) => lonely.includes(one.kind)))
    await liveThrough(world, kind, isThorough, failures);
}
