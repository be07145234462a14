/** IP sets beside what the kernel has of them: what is to be written never depends on the way there. */
import test from 'ava';
import fc from 'fast-check';
import { parseSets, parseTables } from '#appliance/felix/dataplane/iptables/parse-save.ts';
import { type KernelSet, SetState } from '#appliance/felix/dataplane/iptables/set-state.ts';
import { finish } from '#appliance/lib/work.ts';

/** Does to a kernel in memory what a pass would do. */
function write(state: SetState, kernel: Map<string, KernelSet>): void {
  for (const set of state.dirty()) {
    if (set.state === 'present' && set.added.size === 0) continue;
    const before = set.state === 'present' ? (kernel.get(set.name)?.members ?? []) : [];
    const added = [...set.added];
    kernel.set(set.name, { type: set.type, maxElements: state.maxElements, members: new Set([...before, ...added]) });
    state.markAdded(set, added);
  }
  for (const set of state.dirty()) {
    const members = kernel.get(set.name)?.members as Set<string>;
    const removed = [...set.removed];
    for (const member of removed) members.delete(member);
    state.markRemoved(set, removed);
  }
  for (const name of state.surplus()) {
    kernel.delete(name);
    state.markDestroyed(name);
  }
}

const member = fc.constantFrom('10.0.0.1/32', '10.0.0.0/8', 'fd00::1/128', 'fd00::/8', '192.0.2.0/24');
const id = fc.constantFrom('s:a', 's:b');
const step = fc.oneof(
  fc.record({ type: fc.constant('replace' as const), id, members: fc.uniqueArray(member) }),
  fc.record({
    type: fc.constant('change' as const),
    id,
    added: fc.uniqueArray(member),
    removed: fc.uniqueArray(member),
  }),
  fc.record({ type: fc.constant('remove' as const), id }),
  fc.record({ type: fc.constant('write' as const) }),
  fc.record({ type: fc.constant('compare' as const) }),
  fc.record({ type: fc.constant('damage' as const), member: fc.constantFrom('10.0.0.1', '172.16.0.0/12') }),
);

test('after any changes, writes and damage the kernel has what the messages say', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const state = new SetState();
      const kernel = new Map<string, KernelSet>();
      const model = new Map<string, Set<string>>();
      for (const next of steps) {
        if (next.type === 'replace') {
          finish(state.replace(next.id, 'net', next.members));
          model.set(next.id, new Set(next.members));
        } else if (next.type === 'change') {
          finish(state.change(next.id, next.added, next.removed));
          const known = model.get(next.id);
          for (const each of next.removed) known?.delete(each);
          for (const each of next.added) known?.add(each);
        } else if (next.type === 'remove') {
          state.remove(next.id);
          model.delete(next.id);
        } else if (next.type === 'write') write(state, kernel);
        else if (next.type === 'compare') finish(state.compare(kernel));
        else for (const { members } of kernel.values()) flip(members as Set<string>, next.member);
      }
      finish(state.compare(kernel));
      write(state, kernel);
      t.deepEqual(textOf(kernel), modelText(model));
      t.is(state.dirty().length + state.surplus().length, 0);
    }),
    { numRuns: 500 },
  );
});

function flip(members: Set<string>, text: string): void {
  if (!members.delete(text)) members.add(text);
}

function textOf(kernel: ReadonlyMap<string, KernelSet>): Record<string, string[]> {
  return Object.fromEntries([...kernel].sort().map(([name, { members }]) => [name, [...members].sort()]));
}

function modelText(model: ReadonlyMap<string, ReadonlySet<string>>): Record<string, string[]> {
  const entries = [...model].flatMap(([name, members]) =>
    ([4, 6] as const).map((family) => {
      const mine = [...members].filter((text) => text.includes(':') === (family === 6));
      return [`cali${family}0${name}`, mine.map((text) => text.replace(/\/(32|128)$/, '')).sort()] as const;
    }),
  );
  return Object.fromEntries(entries.sort());
}

test('a set of another size is made anew, and a set that came back keeps what the kernel has', (t) => {
  const state = new SetState();
  const kernel = new Map<string, KernelSet>();
  finish(state.replace('s:a', 'net', ['10.0.0.1/32']));
  write(state, kernel);
  state.maxElements = 10;
  finish(state.compare(kernel));
  t.deepEqual(
    state.dirty().map(({ name, state: is }) => `${name} ${is}`),
    ['cali40s:a misfit', 'cali60s:a misfit'],
  );
  write(state, kernel);
  state.remove('s:a');
  finish(state.replace('s:a', 'net', ['10.0.0.2/32']));
  const [set] = state.dirty();
  t.deepEqual([...(set?.added ?? [])], ['10.0.0.2']);
  t.deepEqual([...(set?.removed ?? [])], ['10.0.0.1']);
});

test('ipset save: ours alone, protocols as numbers', (t) => {
  const sets = finish(
    parseSets(
      'create theirs hash:ip family inet hashsize 64 maxelem 65536\nadd theirs 10.0.0.9\n' +
        'create cali40n:http hash:ip,port family inet hashsize 64 maxelem 9 bucketsize 12 initval 0x1\n' +
        'add cali40n:http 10.0.0.1,tcp:80\nadd cali40n:http 10.0.0.1,sctp:81\nadd cali40n:http 10.0.0.1,9:0\n',
    ),
  );
  t.deepEqual([...sets.keys()], ['cali40n:http']);
  t.deepEqual([...(sets.get('cali40n:http')?.members ?? [])], ['10.0.0.1,6:80', '10.0.0.1,132:81', '10.0.0.1,9:0']);
  t.is(sets.get('cali40n:http')?.maxElements, 9);
});

test('iptables-save: our chains by hashes, the kernel’s own with what is ours in them', (t) => {
  const { filter, nat } = finish(
    parseTables(
      '# comment\n*filter\n:INPUT ACCEPT [0:0]\n:cali-INPUT - [0:0]\n:theirs - [0:0]\n' +
        '-A INPUT -s 10.0.0.1/32 -j DROP\n-A INPUT -m comment --comment "cali:0123456789abcdef" -j cali-INPUT\n' +
        '-A INPUT -j cali-old\n-A cali-INPUT -m comment --comment "cali:fedcba9876543210" -j DROP\n' +
        '-A cali-INPUT -j ACCEPT\nCOMMIT\n*other\n-A INPUT -j cali-no\nCOMMIT\n',
    ),
  );
  t.deepEqual([...filter.chains], [['cali-INPUT', ['fedcba9876543210', '']]]);
  t.deepEqual(
    filter.builtins.get('INPUT')?.map(({ isOurs, hash }) => [isOurs, hash]),
    [
      [false, undefined],
      [true, '0123456789abcdef'],
      [true, undefined],
    ],
  );
  t.is(nat.chains.size, 0);
});
