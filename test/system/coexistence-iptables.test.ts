/** The same as `coexistence.test.ts` with our rules among theirs, in the same tables of iptables: there `iptables -F` takes ours too. */
import test from 'ava';
import { realPrograms } from './coexistence/programs.ts';
import { goThrough } from './coexistence/steps.ts';

for (const [name, open] of Object.entries(realPrograms)) {
  test.serial(`${name} and iptables`, (t) => goThrough(t, 'iptables-nft', open));
}
