import test from 'ava';
import { parseFailsafePorts } from '#appliance/felix/config/failsafe-ports.ts';

test('parseFailsafePorts() reads every written form', (t) => {
  t.deepEqual(parseFailsafePorts('tcp:22, UDP:10.1.2.3/8:53,sctp:[fd00::1/8]:9,tcp:[fd00::1]/8:7,192.0.2.1:80,443'), [
    { protocol: 6, port: 22 },
    { protocol: 17, port: 53, net: '10.0.0.0/8' },
    { protocol: 132, port: 9, net: 'fd00::/8' },
    { protocol: 6, port: 7, net: 'fd00::/8' },
    { protocol: 6, port: 80, net: '192.0.2.1/32' },
    { protocol: 6, port: 443 },
  ]);
});

for (const text of ['', 'tcp', 'tcp:', 'tcp:65536', 'tcp:22,,', 'tcp:[10.0.0.0/8:22', 'tcp:fd00::/8:22', 'tcp:x:22'])
  test(`parseFailsafePorts() refuses ${JSON.stringify(text)}`, (t) => {
    t.is(parseFailsafePorts(text), undefined);
  });
