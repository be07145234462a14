/** Our part of iptables, kept for the next boot and made again, in a namespace of its own beside the rules of somebody else. */
import test from 'ava';
import { applyIptablesCopy, copyIptables } from '#appliance/felix/dataplane/boot/iptables-copy.ts';
import { openPrograms } from '#appliance/kernel/programs.ts';
import { createNamespace, type TestNamespace } from '../netlink/namespace.ts';

const sets = `create cali40s:one hash:net family inet maxelem 65536
add cali40s:one 10.65.0.0/16
create other hash:ip family inet
add other 192.0.2.1
`;

/** Two hooks of ours around one of others, a chain that asks a set, and one that is empty. */
const ours = `*filter
:cali-INPUT - [0:0]
:cali-pi-web - [0:0]
:cali-empty - [0:0]
:mine - [0:0]
-A INPUT -m comment --comment "cali:AAAAAAAAAAAAAAAA" -j cali-INPUT
-A INPUT -p udp -m comment --comment "cali:BBBBBBBBBBBBBBBB" -j cali-empty
-A INPUT -s 192.0.2.9/32 -j mine
-A cali-INPUT -m comment --comment "cali:CCCCCCCCCCCCCCCC" -m set --match-set cali40s:one src -j cali-pi-web
-A cali-pi-web -p tcp -m comment --comment "cali:DDDDDDDDDDDDDDDD" -m multiport --dports 80,443 -j ACCEPT
-A mine -j RETURN
COMMIT
*nat
:cali-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "cali:EEEEEEEEEEEEEEEE" -j cali-POSTROUTING
-A cali-POSTROUTING -m comment --comment "cali:FFFFFFFFFFFFFFFF" -j MASQUERADE
COMMIT
`;
const sixth = `*filter
:cali-FORWARD - [0:0]
-A FORWARD -m comment --comment "cali:GGGGGGGGGGGGGGGG" -j cali-FORWARD
-A cali-FORWARD -m comment --comment "cali:HHHHHHHHHHHHHHHH" -j DROP
COMMIT
`;

for (const variant of ['nft', 'legacy'] as const) {
  test.serial(`what iptables-${variant} had of ours is made again, beside what others have`, async (t) => {
    await using namespace = await createNamespace();
    const programs = openPrograms({ netnsPath: namespace.path });
    const feed = async (program: string, words: string[], input: string) =>
      t.is((await programs.run(program, words, { input })).stderr, '');
    t.is(await copyIptables(programs), undefined, 'nothing of ours yet');
    await feed('ipset', ['restore'], sets);
    await feed(`iptables-${variant}-restore`, ['--noflush'], ours);
    await feed(`ip6tables-${variant}-restore`, ['--noflush'], sixth);
    const before = await rulesOf(namespace, variant);
    const copy = (await copyIptables(programs))!;
    t.is(await applyIptablesCopy(programs, copy), 'EEXIST', 'what is there is left alone');
    for (const program of ['iptables', 'ip6tables'])
      for (const table of ['filter', 'nat']) {
        await namespace.exec(`${program}-${variant}`, '-t', table, '-F');
        await namespace.exec(`${program}-${variant}`, '-t', table, '-X');
      }
    await namespace.exec('ipset', 'destroy');
    await feed(
      `iptables-${variant}-restore`,
      ['--noflush'],
      '*filter\n:mine - [0:0]\n-A INPUT -s 192.0.2.9/32 -j mine\n-A mine -j RETURN\nCOMMIT\n',
    );
    await feed('ipset', ['restore'], 'create other hash:ip family inet\nadd other 192.0.2.1\n');
    t.is(await applyIptablesCopy(programs, copy), undefined);
    t.deepEqual(await rulesOf(namespace, variant), before);
    t.is(await applyIptablesCopy(programs, Buffer.from('{}')), 'is not what iptables would read');
    programs.close();
  });
}

/** Sets come in no order, and have a number drawn at each creation. */
async function rulesOf(namespace: TestNamespace, variant: string): Promise<string[]> {
  const wanted = (text: string) => text.split('\n').filter((line) => /^(-A|:cali|:mine|create|add)/.test(line));
  const sets = wanted(await namespace.exec('ipset', 'save')).map((line) => line.replace(/ initval .*/, ''));
  return [
    ...wanted(await namespace.exec(`iptables-${variant}-save`)),
    ...wanted(await namespace.exec(`ip6tables-${variant}-save`)),
    ...sets.toSorted(),
  ];
}
