import test from 'ava';
import { applyJsonPatch } from '#cli/patch/json-patch.ts';
import { applyMergePatch, applyStrategicPatch } from '#cli/patch/merge-patch.ts';

test('`applyMergePatch()` merges maps, replaces lists and removes by null', (t) => {
  const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };
  t.deepEqual(applyMergePatch(target, { a: { c: 3 }, list: [9], gone: null }), { a: { b: 1, c: 3 }, list: [9] });
  t.deepEqual(target, { a: { b: 1, c: 2 }, list: [1, 2], gone: true });
});

test('`applyStrategicPatch()` follows $patch directives and merges finalizers', (t) => {
  t.deepEqual(applyStrategicPatch({ a: { b: 1 } }, { a: { $patch: 'replace', c: 2 } }), { a: { c: 2 } });
  t.deepEqual(applyStrategicPatch({ a: { b: 1 } }, { a: { $patch: 'delete' } }), { a: {} });
  t.deepEqual(applyStrategicPatch({ finalizers: ['x'] }, { finalizers: ['y', 'x'] }), { finalizers: ['x', 'y'] });
  const owners = { ownerReferences: [{ uid: '1', name: 'a' }] };
  t.deepEqual(applyStrategicPatch(owners, { ownerReferences: [{ uid: '1', name: 'b' }, { uid: '2' }] }), {
    ownerReferences: [{ uid: '1', name: 'b' }, { uid: '2' }],
  });
  t.throws(() => applyStrategicPatch({}, { $patch: 'explode' }), { message: /unknown \$patch/ });
});

test('`applyJsonPatch()` does each operation of RFC 6902', (t) => {
  const patch = [
    { op: 'test', path: '/a', value: 1 },
    { op: 'add', path: '/list/-', value: 3 },
    { op: 'add', path: '/list/0', value: 0 },
    { op: 'remove', path: '/gone' },
    { op: 'replace', path: '/a', value: 2 },
    { op: 'copy', from: '/a', path: '/copied' },
    { op: 'move', from: '/x~1y', path: '/moved' },
  ];
  const document = { a: 1, list: [1, 2], gone: true, 'x/y': 'slash' };
  t.deepEqual(applyJsonPatch(document, patch), { a: 2, list: [0, 1, 2, 3], copied: 2, moved: 'slash' });
  t.is(document.a, 1);
});

const misfits: readonly (readonly [unknown, RegExp])[] = [
  [{ op: 'add' }, /list of operations/],
  [[{ op: 'remove', path: '/none' }], /operation 0: \/none does not exist/],
  [[{ op: 'replace', path: '/list/7', value: 1 }], /no such place/],
  [[{ op: 'test', path: '/a', value: 2 }], /test failed/],
  [[{ op: 'jump', path: '/a' }], /unknown operation 'jump'/],
  [[{ op: 'add', path: '/b' }], /add needs value/],
  [[{ op: 'add', path: 'b', value: 1 }], /not a JSON pointer/],
  [[{ op: 'move', from: '/list', path: '/list/0' }], /into itself/],
];
for (const [patch, message] of misfits) {
  test(`\`applyJsonPatch()\` refuses ${JSON.stringify(patch)}`, (t) => {
    t.throws(() => applyJsonPatch({ a: 1, list: [1] }, patch), { message });
  });
}
