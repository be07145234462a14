import test from 'ava';
import type { Selector } from '#appliance/selector/ast.ts';
import { parseSelector } from '#appliance/selector/parse.ts';
import { printSelector } from '#appliance/selector/print.ts';
import { type PeerScope, type PolicyScope, peerSelector, policySelector } from '#appliance/selector/rewrite.ts';

function sel(text: string): Selector {
  const result = parseSelector(text);
  if (!result.ok) throw new Error(text);
  return result.value;
}

const policies: [string, PolicyScope, string | undefined][] = [
  ['nothing at all', { namespace: '' }, undefined],
  ['a namespace', { namespace: 'n' }, 'projectcalico.org/namespace == "n"'],
  [
    'a namespace and a selector',
    { namespace: 'n', selector: sel('has(a)') },
    '(has(a) && projectcalico.org/namespace == "n")',
  ],
  [
    'a namespace and service accounts, all() left alone',
    { namespace: 'n', selector: sel('all()'), serviceAccountSelector: sel('all()') },
    '((all() && projectcalico.org/namespace == "n") && all())',
  ],
  [
    'namespaces of a global policy',
    { namespace: '', namespaceSelector: sel("env == 'p' || !has(x)") },
    '(pcns.env == "p" || !has(pcns.x))',
  ],
  [
    'all() of the whole selector once a global policy selects namespaces',
    { namespace: '', selector: sel('all()'), namespaceSelector: sel('all()') },
    '(has(projectcalico.org/namespace) && has(projectcalico.org/namespace))',
  ],
  [
    'service accounts of a global policy',
    { namespace: '', selector: sel('all()'), serviceAccountSelector: sel("a == 'all()'") },
    '(has(projectcalico.org/serviceaccount) && pcsa.a == "all()")',
  ],
];

for (const [what, scope, expected] of policies) {
  test(`policySelector() folds ${what}`, (t) => {
    const selector = policySelector(scope);
    t.is(selector && printSelector(selector), expected);
  });
}

const peers: [string, PeerScope, string | undefined][] = [
  ['nothing of a namespaced rule into anything', { namespace: 'n' }, undefined],
  ['a selector of a global rule', { namespace: '', selector: sel('has(a)') }, 'has(a)'],
  [
    'a negative selector of a namespaced rule',
    { namespace: 'n', notSelector: sel('has(a)') },
    'projectcalico.org/namespace == "n"',
  ],
  ['a negative selector of a global rule', { namespace: '', notSelector: sel('has(a)') }, undefined],
  ['global()', { namespace: 'n', namespaceSelector: sel('global()') }, '!has(projectcalico.org/namespace)'],
  [
    'all() namespaces with a selector',
    { namespace: 'n', selector: sel('all()'), namespaceSelector: sel('all()') },
    '(has(projectcalico.org/namespace) && all())',
  ],
  [
    'service accounts by name and selector',
    {
      namespace: 'n',
      selector: sel('has(a)'),
      serviceAccounts: { names: ['b', 'a', 'b'], selector: sel("x == 'y'") },
    },
    '(projectcalico.org/namespace == "n" && ((pcsa.x == "y" && projectcalico.org/serviceaccount in {"a", "b"}) && has(a)))',
  ],
];

for (const [what, scope, expected] of peers) {
  test(`peerSelector() folds ${what}`, (t) => {
    const selector = peerSelector(scope);
    t.is(selector && printSelector(selector), expected);
  });
}
