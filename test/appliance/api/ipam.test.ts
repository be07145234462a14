/** IPAM over REST: reading, the actions with dry run and audit, and what is refused. */
import test from 'ava';
import { readEntries } from '../../interop/golden.ts';
import { createTestApi } from './test-api.ts';

async function apiWithIpam() {
  const api = await createTestApi();
  for (const { key, value } of readEntries('ipam.txt')) await api.store.put(Buffer.from(key), Buffer.from(value));
  return api;
}

test('addresses, pools, borrowing, settings and checks are read', async (t) => {
  const { call } = await apiWithIpam();
  const found = await call('GET', 'ipam/addresses/10.77.0.240');
  t.like(found.json().assignment, { handle: 'net0.7f3a9c21d0b4', attributes: { pod: 'web-0' } });
  t.is((await call('GET', 'ipam/addresses/10.77.0.1a')).statusCode, 400);
  t.is((await call('GET', 'ipam/addresses/192.0.2.1')).json().assignment, null);
  t.is((await call('GET', 'ipam/addresses/fd00:77::c00')).json().assignment.block, 'fd00:77::c00/122');
  t.is((await call('GET', 'ipam/utilisation')).json().pools[0].inUse, '24');
  t.is((await call('GET', 'ipam/borrowed')).json().unclassified, 20);
  t.is((await call('GET', 'ipam/configuration')).json().maxBlocksPerHost, 7);
  t.is((await call('GET', 'ipam/check')).json().problems.leaked.length, 26);
});

test('a release tells each block in the audit, a dry run nothing', async (t) => {
  const { call, audit } = await apiWithIpam();
  const body = { addresses: [{ ip: '10.77.0.241' }, { ip: 'fd00:77::c00' }, { ip: '192.0.2.1' }] };
  const dry = await call('POST', 'ipam/release?dryRun=All', body);
  t.deepEqual(dry.json().released, ['10.77.0.241', 'fd00:77::c00']);
  t.like(audit.pop(), {
    resource: 'ipamblocks',
    subresource: 'release',
    code: 200,
    message: 'change refused or without effect',
  });
  t.deepEqual((await call('POST', 'ipam/release', body)).json().notAssigned, ['192.0.2.1']);
  t.deepEqual(
    audit.map(({ resource, name, user, message }) => ({ resource, name, user, message })),
    ['10.77.0.240/28', 'fd00:77::c00/122'].map((name) => ({
      resource: 'ipamblocks',
      name,
      user: 'system:local',
      message: 'changed',
    })),
  );
});

test('settings are patched, wrong ones refused with their fields', async (t) => {
  const { call } = await apiWithIpam();
  t.is((await call('PATCH', 'ipam/configuration', { ipCooldownSeconds: 9 })).json().ipCooldownSeconds, 9);
  const refused = await call('PATCH', 'ipam/configuration', { strictAffinity: 'yes', ipCooldownSeconds: -1 });
  t.is(refused.statusCode, 422);
  t.deepEqual(
    refused.json().details.causes.map(({ field }: { field: string }) => field),
    ['strictAffinity', 'ipCooldownSeconds', 'maxBlocksPerHost'],
  );
});

test('malformed bodies are refused by the name of the field', async (t) => {
  const { call } = await apiWithIpam();
  const bodies: [string, unknown, RegExp][] = [
    ['ipam/release', [], /one object/],
    ['ipam/release', { addresses: [1] }, /addresses: must be a list/],
    ['ipam/release', { addresses: [{ ip: 5 }] }, /addresses\[0\]\.ip/],
    ['ipam/release', { addresses: [{ ip: '10.77.0.300' }] }, /10\.77\.0\.300/],
    ['ipam/release', { handles: [{ id: 'x', revision: 3 }] }, /handles\[0\]\.revision/],
    ['ipam/split', { parts: 2 }, /name or cidr/],
    ['ipam/split', { name: 'v4', parts: '2' }, /parts/],
    ['ipam/release?dryRun=Some', { addresses: [] }, /dryRun/],
  ];
  for (const [path, body, expected] of bodies) {
    const answer = await call('POST', path, body);
    t.is(answer.statusCode, 400, path);
    t.regex(answer.json().message, expected);
  }
  t.is((await call('POST', 'ipam/split', { name: 'v4', parts: 2 })).statusCode, 409);
});

test('blocks and handles are listed for kubectl: objects with every digit, tables, one by name', async (t) => {
  const { call } = await apiWithIpam();
  const blocks = await call('GET', 'ipamblocks');
  t.is(blocks.json().kind, 'IPAMBlockList');
  t.is(blocks.json().items.length, 6);
  t.regex(blocks.body, /"sequenceNumber":1795386108831035256,/);
  const table = await call('GET', 'ipamblocks', undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  t.deepEqual(table.json().rows[0].cells, ['10-77-0-0-28', '10.77.0.0/28', 'host:node-1', 7, 9, 1]);
  const one = await call('GET', 'ipamhandles/net0.7f3a9c21d0b4');
  t.deepEqual(one.json().spec, {
    handleID: 'net0.7f3a9c21d0b4',
    block: { '10.77.0.240/28': 3, 'fd00:77::c00/122': 1 },
    deleted: false,
  });
  t.is((await call('GET', 'ipamhandles/none')).statusCode, 404);
  t.is((await call('GET', 'ipamblocks?watch=1')).statusCode, 405);
  t.is((await call('GET', 'ipamblocks?labelSelector=a')).statusCode, 400);
  const resources = (await call('GET', '/apis/projectcalico.org/v3')).json().resources as { name: string }[];
  t.like(
    resources.find(({ name }) => name === 'ipamblocks'),
    { kind: 'IPAMBlock', verbs: ['get', 'list'] },
  );
});
