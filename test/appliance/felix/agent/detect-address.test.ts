import test from 'ava';
import { resolveReach } from '#appliance/felix/agent/can-reach.ts';
import { checkAddressSettings, chooseAddress, wantedAddresses } from '#appliance/felix/agent/detect-address.ts';

const host = [
  { link: 'docker0', isInternal: false, cidr: '172.17.0.1/16' },
  { link: 'lo', isInternal: true, cidr: '127.0.0.1/8' },
  { link: 'eth9', isInternal: false, cidr: '169.254.1.1/16' },
  { link: 'eth1', isInternal: false, cidr: 'fe80::1/64' },
  { link: 'eth1', isInternal: false, cidr: '192.0.2.7/24' },
  { link: 'eth0', isInternal: false, cidr: '10.9.0.7/22' },
  { link: 'eth0', isInternal: false, cidr: 'fd00::7/64' },
];

const choose = (variable: 'IP' | 'IP6', text: string, stored?: string, method = '') =>
  chooseAddress({ variable, text, method }, stored, host);

test('chooseAddress() keeps what is stored, and detects where nothing is', (t) => {
  t.is(choose('IP', '', '10.0.0.1/8'), '10.0.0.1/8');
  t.is(choose('IP', ''), '192.0.2.7/24');
  t.is(choose('IP6', ''), undefined);
});

test('chooseAddress() detects every time when told so, and falls back to what is stored', (t) => {
  t.is(choose('IP', 'autodetect', '10.0.0.1/8'), '192.0.2.7/24');
  t.is(choose('IP6', 'autodetect'), 'fd00::7/64');
  t.is(chooseAddress({ variable: 'IP', text: 'autodetect', method: '' }, '10.0.0.1/8', []), '10.0.0.1/8');
});

test('chooseAddress() leaves all as it is for none', (t) => {
  t.is(choose('IP', 'none', '10.0.0.1/8'), '10.0.0.1/8');
  t.is(choose('IP', 'none'), undefined);
});

test('chooseAddress() takes a given address, with its link’s length when it has none', (t) => {
  t.is(choose('IP', '10.9.0.7', '10.0.0.1/8'), '10.9.0.7/22');
  t.is(choose('IP', '10.9.0.7/24'), '10.9.0.7/24');
  t.is(choose('IP', '198.51.100.1'), '198.51.100.1/32');
});

for (const [method, expected] of [
  ['first-found', '192.0.2.7/24'],
  ['interface=nothing,eth0', '10.9.0.7/22'],
  ['interface=docker.*', '172.17.0.1/16'],
  ['skip-interface=eth1', '10.9.0.7/22'],
  ['cidr=198.51.100.0/24, 10.9.0.0/16', '10.9.0.7/22'],
  ['cidr=198.51.100.0/24', undefined],
] as const)
  test(`chooseAddress() by ${method}`, (t) => {
    t.is(choose('IP', 'autodetect', undefined, method), expected);
  });

test('checkAddressSettings() names every variable that is wrong', (t) => {
  const problems = checkAddressSettings({
    IP: 'fd00::1',
    IP6: '10.0.0.1',
    IP_AUTODETECTION_METHOD: 'interface=(',
    IP6_AUTODETECTION_METHOD: 'can-reach',
  });
  t.deepEqual(
    problems.map(({ path }) => path),
    ['IP', 'IP_AUTODETECTION_METHOD', 'IP6', 'IP6_AUTODETECTION_METHOD'],
  );
  t.deepEqual(
    checkAddressSettings({ IP: '10.0.0.1/8', IP6: 'none', IP_AUTODETECTION_METHOD: 'can-reach=example.org' }),
    [],
  );
});

test('wantedAddresses() wants none where only policy is enforced', (t) => {
  const texts = (environment: Record<string, string>) => wantedAddresses(environment).map(({ text }) => text);
  t.deepEqual(texts({ IP: '10.0.0.1', CALICO_NETWORKING_BACKEND: 'none' }), ['none', 'none']);
  t.deepEqual(texts({ IP: '10.0.0.1' }), ['10.0.0.1', '']);
});

test('resolveReach() puts the address that leads to a destination in its place', async (t) => {
  const wanted = { variable: 'IP', text: 'autodetect', method: 'can-reach=127.0.0.1' } as const;
  t.is((await resolveReach(wanted)).method, 'cidr=127.0.0.1/32');
  const nowhere = { ...wanted, method: 'can-reach=no.such.name.invalid' };
  t.deepEqual(await resolveReach(nowhere), nowhere);
  t.is(chooseAddress(nowhere, '10.0.0.1/8', host), '10.0.0.1/8');
  const other = { ...wanted, method: 'interface=eth0' };
  t.is(await resolveReach(other), other);
});
