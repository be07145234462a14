import test from 'ava';
import fc from 'fast-check';
import { type Contributor, IpSet } from '#appliance/felix/calc/ip-set.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { finish } from '#appliance/lib/work.ts';

/** Small ones and some that are too large to be counted when they come, all over the same nets. */
const contributor = fc
  .record({ first: fc.constantFrom(0, 1, 600), count: fc.constantFrom(1, 2, 1_000, 1_001, 2_500) })
  .map(({ first, count }) => ({ nets: Array.from({ length: count }, (_, i) => netOf(first + i)), ports: [] }));
const command = fc.oneof(
  fc.record({ type: fc.constant('join' as const), contributor }),
  fc.record({ type: fc.constant('leave' as const), index: fc.nat() }),
  fc.record({ type: fc.constant('edit' as const), index: fc.nat(), by: fc.integer({ min: 0, max: 3_000 }) }),
  fc.record({ type: fc.constant('send' as const) }),
);

function netOf(i: number): string {
  return `10.${i >> 8}.${i & 255}.0/24`;
}

/** What the other side has made of the messages. */
function accept(held: Set<string>, message: Message | undefined): void {
  if (message?.type === 'ip-set-update') for (const member of message.members) held.add(member);
  if (message?.type !== 'ip-set-delta') return;
  for (const member of message.removed) if (!held.delete(member)) throw new Error(`${member} was not there`);
  for (const member of message.added) {
    if (held.has(member)) throw new Error(`${member} was there`);
    held.add(member);
  }
}

test('IpSet tells what its contributors hold, however large they are and whenever it is asked', (t) => {
  const property = fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
    const set = new IpSet({ id: 's', setType: 'net' });
    const joined: Contributor[] = [];
    const held = new Set<string>();
    const send = () => {
      finish(set.settle());
      accept(held, set.takeUpdate());
      t.deepEqual([...held].sort(), [...new Set(joined.flatMap(({ nets }) => nets))].sort());
    };
    /** Another first net: only the difference joins and leaves, as it does when a stored list is edited. */
    const edit = (index: number, net: string) => {
      const [first, ...others] = joined[index]!.nets;
      joined[index] = { nets: [net, ...others], ports: [] };
      set.join({ nets: [net], ports: [] });
      set.leave({ nets: [first!], ports: [] });
    };
    for (const next of commands) {
      if (next.type === 'send') send();
      if (next.type === 'join') {
        joined.push({ ...next.contributor, ports: [] });
        set.join(joined.at(-1)!);
      }
      if (next.type === 'edit' && joined.length > 0) edit(next.index % joined.length, netOf(next.by));
      if (next.type === 'leave' && joined.length > 0) set.leave(joined.splice(next.index % joined.length, 1)[0]!);
    }
    send();
  });
  fc.assert(property, { numRuns: 60 });
  t.pass();
});

test('IpSet.settle() rests again and again while it counts very many', (t) => {
  const set = new IpSet({ id: 's', setType: 'net' });
  set.join({ nets: Array.from({ length: 20_000 }, (_, i) => netOf(i)), ports: [] });
  t.true([...set.settle()].length >= 20);
});
