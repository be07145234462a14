/** What policies' rules have counted goes over into the chain that is written in place of theirs. */
import test from 'ava';
import { countPlaces } from '#appliance/felix/dataplane/iptables/hits.ts';
import { emptyTables } from '#appliance/felix/dataplane/iptables/parse-save.ts';
import { planTable } from '#appliance/felix/dataplane/iptables/plan-table.ts';
import { printChain } from '#appliance/felix/render/iptables/print-chain.ts';
import { rule } from '#appliance/felix/render/iptables/rule.ts';
import { policyId } from '../sample.ts';

const save = `*filter
:cali-pi-gnp/p - [0:0]
[9:99] -A INPUT -m comment --comment "cali:AAAAAAAAAAAAAAAA" -j cali-INPUT
[3:252] -A cali-pi-gnp/p -p tcp -m comment --comment "cali:BBBBBBBBBBBBBBBB" -m comment --comment "gnp/p ingress 0 allow" -g cali-allow
[1:84] -A cali-pi-gnp/p -p udp -m comment --comment "cali:CCCCCCCCCCCCCCCC" -m comment --comment "gnp/p ingress 0 allow" -g cali-allow
[18446744073709551615:7] -A cali-pi-gnp/p -m comment --comment "cali:DDDDDDDDDDDDDDDD" -m comment --comment "gnp/p ingress 10 deny (refused: drops all)" -j DROP
[5:5] -A cali-tw-cali-a -m comment --comment "cali:EEEEEEEEEEEEEEEE" -m comment --comment "start of tier 1 allow-all" -j RETURN
COMMIT
`;

test('counts are told by chain and place, and what several rules of the kernel counted for one is added up', (t) => {
  const chains = countPlaces(save);
  t.deepEqual(
    chains.get('cali-pi-gnp/p'),
    new Map([
      [0, { packets: 4n, bytes: 336n }],
      [10, { packets: 18446744073709551615n, bytes: 7n }],
    ]),
  );
  t.is(chains.get('INPUT'), undefined);
});

test('chains that are listed by themselves say their counts within the rule', (t) => {
  const listed = `-N cali-pi-gnp/p
-A cali-pi-gnp/p -p tcp -m comment --comment "cali:BBBBBBBBBBBBBBBB" -m comment --comment "gnp/p ingress 0 allow" -c 3 252 -g cali-allow
-A cali-pi-gnp/p -m comment --comment "cali:CCCCCCCCCCCCCCCC" -m comment --comment "gnp/p ingress 1 log" -c 1 84 -j LOG --log-prefix "x -c 9 9"
-A cali-pi-gnp/p -m comment --comment "cali:DDDDDDDDDDDDDDDD" -m comment --comment "gnp/p ingress 2 log" -c 2 168
`;
  t.deepEqual(
    countPlaces(listed).get('cali-pi-gnp/p'),
    new Map([
      [0, { packets: 3n, bytes: 252n }],
      [1, { packets: 1n, bytes: 84n }],
      [2, { packets: 2n, bytes: 168n }],
    ]),
  );
});

test('the first rule of a place takes its counts; other chains and other places begin at nothing', (t) => {
  const allow = (index: number, port: string) =>
    rule(['-p', '6', '-m', 'tcp', '--dport', port], ['-g', 'cali-allow'], `gnp/p ingress ${index} allow`, index);
  const chain = { rules: [allow(0, '1'), allow(0, '2'), allow(1, '3')], setIds: [], lists: [] };
  const owner = { type: 'policy', id: policyId('p'), direction: 'ingress' } as const;
  const plain = { rules: [rule([], ['-j', 'DROP'], 'gnp/p ingress 0 deny')], setIds: [], lists: [] };
  const desired = {
    hooks: [],
    chains: new Map([
      ['cali-pi-gnp/p', { chain, owner, ...printChain('cali-pi-gnp/p', chain) }],
      ['cali-other', { chain: plain, ...printChain('cali-other', plain) }],
    ]),
  };
  const counts = new Map([...countPlaces(save), ['cali-other', new Map([[0, { packets: 8n, bytes: 8n }]])]] as const);
  const { lines } = planTable('filter', desired, emptyTables().filter, new Set(), counts);
  const rules = lines.flatMap(({ text }) => /^-A (\S+ (?:-c \d+ \d+ )?)/.exec(text)?.[1] ?? []);
  t.deepEqual(rules, ['cali-pi-gnp/p -c 4 336 ', 'cali-pi-gnp/p ', 'cali-pi-gnp/p ', 'cali-other ']);
});
