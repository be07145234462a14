import test from 'ava';
import { chooseScoped } from '#appliance/felix/config/scoped.ts';

const object = (nodeSelector: unknown, creationTimestamp?: string) => ({
  metadata: { creationTimestamp },
  spec: { nodeSelector },
});

const choose = (objects: Record<string, unknown>) => chooseScoped(new Map(Object.entries(objects)), { rack: 'r1' });

test('chooseScoped() takes the oldest of those that match, whatever their zone of time', (t) => {
  t.is(
    choose({
      a: object("rack == 'r1'", '2026-08-02T00:00:00Z'),
      b: object('all()', '2026-08-02T00:30:00+01:00'),
      c: object("rack == 'r2'", '2020-01-01T00:00:00Z'),
    }),
    'b',
  );
});

test('chooseScoped() takes the lowest name of equally old ones', (t) => {
  t.is(choose({ b: object('all()', '2026-08-01T00:00:00Z'), a: object('all()', '2026-08-01T00:00:00Z') }), 'a');
  t.is(choose({ b: object('all()'), a: object('all()') }), 'a');
});

test('chooseScoped() takes one without a date before all others', (t) => {
  t.is(choose({ a: object('all()', '2026-08-01T00:00:00Z'), b: object('all()') }), 'b');
});

test('chooseScoped() leaves out default, node.*, empty and unreadable selectors', (t) => {
  t.is(
    choose({
      default: object('all()'),
      'node.x': object('all()'),
      a: object(''),
      b: object('((('),
      c: object(7),
      d: null,
    }),
    undefined,
  );
});
