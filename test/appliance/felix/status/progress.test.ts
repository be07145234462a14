import test from 'ava';
import { createProgress } from '#appliance/felix/status/progress.ts';

test('waitUntil() resolves at once for what is there, and later for what comes', async (t) => {
  const progress = createProgress();
  progress.onApplied(5);
  await progress.waitUntil(5);
  const order: string[] = [];
  const waits = [7, 6].map((revision) => progress.waitUntil(revision).then(() => order.push(String(revision))));
  progress.onApplied(6);
  await waits[1];
  t.deepEqual(order, ['6']);
  progress.onApplied(9);
  await waits[0];
  t.deepEqual(order, ['6', '7']);
});

test('waitUntil() rejects when its signal ends it, before or while waiting', async (t) => {
  const progress = createProgress();
  const abort = new AbortController();
  const waiting = progress.waitUntil(1, abort.signal);
  abort.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  await t.throwsAsync(progress.waitUntil(1, abort.signal), { message: 'enough' });
});

test('onApplied() never goes back', (t) => {
  const progress = createProgress();
  progress.onApplied(5);
  progress.onApplied(3);
  t.is(progress.appliedRevision, 5);
});

test('onPolicyStatus() keeps what the kernel refuses until it takes it', (t) => {
  const progress = createProgress();
  const id = { kind: 'GlobalNetworkPolicy', namespace: '', name: 'a' } as const;
  progress.onPolicyStatus(id, 'EINVAL');
  t.deepEqual([...progress.refusals.values()], ['EINVAL']);
  progress.onPolicyStatus(id, undefined);
  t.is(progress.refusals.size, 0);
});
