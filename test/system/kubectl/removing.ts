/** Steps that follow and end an object: `wait`, `get -w` and every way to delete. Each begins with the example as it is. */
import { literal, type Stage } from './stage.ts';
import { readsOpenApi3, type Step } from './step.ts';

export const removingSteps: readonly Step[] = [
  { about: 'wait', since: 23, run: wait },
  { about: 'watch', run: watch },
  { about: 'delete', run: deleting },
  { about: 'delete with preconditions', run: preconditions },
  { about: 'delete several', run: several },
];

async function wait({ say, one, name, printed }: Stage): Promise<void> {
  await say(['wait', ...one, `--for=jsonpath={.metadata.name}=${name}`, '--timeout=10s'], { says: /condition met/ });
  const ending = say(['wait', ...one, '--for=delete', '--timeout=30s'], {
    says: new RegExp(`^${literal(printed)}.*condition met|^$`),
  });
  await say(['delete', ...one, '--wait=false'], { says: /deleted/ });
  await ending;
}

async function watch({ world, say, hold, one, qualified, scope, name, manifest, present }: Stage): Promise<void> {
  const all = world.follow(['get', qualified, ...scope, '-w', '--output-watch-events']);
  const mine = world.follow(['get', ...one, '-w', '-o', 'jsonpath={.metadata.annotations.seen},']);
  try {
    const row = (event: string) => new RegExp(`^${event} +${literal(name)}( |$)`, 'm');
    hold(await all.until(row('ADDED')), `the list of a watch: ${all.output()}`);
    hold(await mine.until(/,/), 'one object to watch');
    await say(['annotate', ...one, 'seen=1']);
    hold(await all.until(row('MODIFIED')), `no MODIFIED: ${all.output()}`);
    hold(await mine.until(/1,/), `no change of one object: ${mine.output()}`);
    await say(['delete', ...one]);
    hold(await all.until(row('DELETED')), `no DELETED: ${all.output()}`);
    await say(['create', '-f', '-'], { input: manifest() });
    hold(await all.until(new RegExp(`DELETED[\\s\\S]*ADDED +${literal(name)}`)), `no second ADDED: ${all.output()}`);
    hold(!/ERROR|BOOKMARK/.test(all.output()), `noise in a watch: ${all.output()}`);
  } finally {
    await Promise.all([all.stop(), mine.stop()]);
  }
  await present();
}

async function deleting({ say, minor, one, name, manifest, present, printed }: Stage): Promise<void> {
  await say(['delete', ...one, '--dry-run=client'], { says: /deleted.* \(dry run\)/ });
  if (minor >= readsOpenApi3)
    await say(['delete', ...one, '--dry-run=server'], { says: /deleted.* \(server dry run\)/ });
  await say(['get', ...one]);
  const deleted = new RegExp(`^${literal(printed)} "${literal(name)}" deleted`);
  await say(['delete', ...one], { says: deleted });
  await say(['delete', ...one], { code: 1, says: /^Error from server \(NotFound\): / });
  await say(['delete', ...one, '--ignore-not-found'], { says: /^$/ });
  await present();
  await say(['delete', '-f', '-'], { input: manifest(), says: deleted });
}

/** kubectl has no words for preconditions: the request is made as other clients make it. */
async function preconditions({ world, hold, path, read, present }: Stage): Promise<void> {
  const { uid, resourceVersion } = (await read()).metadata;
  const remove = async (conditions: object) => {
    const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: conditions });
    const response = await fetch(`${world.url}${path}`, {
      method: 'DELETE',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await response.text();
    return response.status;
  };
  hold((await remove({ uid: '00000000-0000-0000-0000-000000000000' })) === 409, 'deleted with another uid');
  hold((await remove({ resourceVersion: '1' })) === 409, 'deleted in another version');
  hold((await remove({ uid, resourceVersion })) === 200, 'not deleted with the right uid and version');
  await present();
}

async function several({ say, one, another, qualified, scope, kind, manifest }: Stage): Promise<void> {
  await say(['label', ...one, 'doomed=yes']);
  await say(['delete', qualified, ...scope, '-l', 'doomed=no'], { says: /No resources found/ });
  await say(['delete', qualified, ...scope, '-l', 'doomed=yes'], { says: /deleted/ });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
  const second = another({ name: 'second' });
  await say(['create', '-f', '-'], {
    input: second === undefined ? manifest() : `${manifest()}\n${second}`,
    says: /created/,
  });
  // tiers and profiles that are always there refuse to go, and the rest goes all the same
  const isKept = ['Tier', 'Profile', 'Namespace'].includes(kind.kind);
  // the kept one is refused as such, or for what other kinds' sessions have in it just now
  const says = isKept ? /Forbidden|Conflict/ : /deleted/;
  await say(['delete', qualified, ...scope, '--all'], { code: isKept ? 1 : 0, says });
  await say(['get', ...one], { code: 1, says: /NotFound/ });
}
