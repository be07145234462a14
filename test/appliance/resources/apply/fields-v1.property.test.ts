/** Sets of paths survive their stored form. */
import test from 'ava';
import fc from 'fast-check';
import { parseFieldsV1, printFieldsV1 } from '#appliance/resources/apply/fields-v1.ts';
import {
  fieldElement,
  joinPath,
  keyElement,
  parentsOf,
  printPath,
  valueElement,
} from '#appliance/resources/apply/path.ts';

const name = fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !text.includes('\u0000'));
const element = fc.oneof(
  name.map(fieldElement),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()).map(valueElement),
  fc.dictionary(name, fc.oneof(fc.string(), fc.integer()), { minKeys: 1, maxKeys: 3 }).map(keyElement),
);
const path = fc.array(element, { minLength: 1, maxLength: 5 }).map((elements) => elements.reduce(joinPath, ''));

test('parseFieldsV1() undoes printFieldsV1(), through JSON', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 20 }), (paths) => {
      // an inner node may be a member, too
      const fields = new Set([...paths, ...paths.flatMap((p) => parentsOf(p).slice(0, 1))]);
      const again = parseFieldsV1(JSON.parse(JSON.stringify(printFieldsV1(fields))));
      t.deepEqual([...(again ?? [])].sort(), [...fields].sort());
    }),
  );
});

test('parseFieldsV1() takes nothing that is no such tree', (t) => {
  const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ 'f:a': inner }), {});
  for (const wrong of [
    null,
    [],
    'x',
    { a: {} },
    { 'f:a': 1 },
    { 'f:a': [] },
    { 'k:{': {} },
    { 'k:[]': {} },
    { 'v:': {} },
    { 'f:a': { '.': { 'f:b': {} } } },
    deep,
  ])
    t.is(parseFieldsV1(wrong), undefined, JSON.stringify(wrong).slice(0, 40));
  t.deepEqual(parseFieldsV1({}), new Set());
});

test('printPath() reads as Kubernetes prints it', (t) => {
  const at = ['f:status', 'f:conditions', keyElement({ type: 'Ready', n: 2 }), 'f:reason'].reduce(joinPath, '');
  t.is(printPath(at), '.status.conditions[n=2,type="Ready"].reason');
  t.is(printPath(['f:spec', 'f:nets', valueElement('10.0.0.0/8')].reduce(joinPath, '')), '.spec.nets[="10.0.0.0/8"]');
  t.is(printPath(joinPath('f:x', 'i:3')), '.x[3]');
});
