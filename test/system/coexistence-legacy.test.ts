/** The same as `coexistence.test.ts` on a host where everybody's iptables is the older one, whose changes nothing announces: those that use it. */
import test from 'ava';
import { loadedRules, realPrograms } from './coexistence/programs.ts';
import { goThrough } from './coexistence/steps.ts';

for (const [name, open] of Object.entries({ ...realPrograms, ...loadedRules })) {
  // these two keep their rules in nftables alone
  if (name === 'firewalld' || name === 'libvirt') continue;
  test.serial(`${name} and older iptables`, (t) => goThrough(t, 'iptables-legacy', open));
}
