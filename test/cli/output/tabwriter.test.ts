import test from 'ava';
import { alignColumns } from '#cli/output/tabwriter.ts';

test('`alignColumns()` pads every cell by three, to a width of five at least', (t) => {
  t.is(
    alignColumns([
      ['NAME', 'N'],
      ['a', 'long-value'],
    ]),
    'NAME   N            \na      long-value   \n',
  );
  t.is(alignColumns([['A'], ['b']]), 'A    \nb    \n');
});

test('`alignColumns()` counts characters, not bytes, and lets no control character through', (t) => {
  t.is(alignColumns([['wörld'], ['\u001b[31m\n']]), 'wörld    \n [31m    \n');
});
