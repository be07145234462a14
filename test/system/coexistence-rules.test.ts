/** The same as `coexistence.test.ts` for programs that cannot run in a bare namespace: the rules that Docker and libvirt make are loaded as they make them. */
import test from 'ava';
import { loadedRules } from './coexistence/programs.ts';
import { goThrough } from './coexistence/steps.ts';

for (const [name, open] of Object.entries(loadedRules)) {
  test.serial(`the rules of ${name}`, (t) => goThrough(t, 'nftables', open));
}
