/** The same as `coexistence-rules.test.ts` with our rules in the same tables of iptables. */
import test from 'ava';
import { loadedRules } from './coexistence/programs.ts';
import { goThrough } from './coexistence/steps.ts';

for (const [name, open] of Object.entries(loadedRules)) {
  test.serial(`the rules of ${name} and iptables`, (t) => goThrough(t, 'iptables-nft', open));
}
