/** IPAM's values, read and written again, are the bytes that Calico's client stored. */
import test from 'ava';
import { parseAffinityState, printAffinity } from '#appliance/ipam/model/affinity.ts';
import { parseBlock, printBlock } from '#appliance/ipam/model/block.ts';
import { parseIpamConfig, printIpamConfig } from '#appliance/ipam/model/config.ts';
import { parseHandle, printHandle } from '#appliance/ipam/model/handle.ts';
import { affinityKey, blockKey, cidrOfKey, ipamConfigKey, ipamListOf, ownerOfKey } from '#appliance/ipam/model/keys.ts';
import { readEntries } from '../../../interop/golden.ts';

const ipam = readEntries('ipam.txt').filter(({ key }) => key.startsWith('/calico/ipam/'));
const cooling =
  '{"cidr":"10.7.0.0/30","affinity":null,"allocations":[null,0,null,1],"unallocated":[2,0],"attributes":[' +
  '{"handle_id":"n.c","secondary":{"10":"x","9":"y","node":"a"},"alternateOwnerAttrs":{"node":"b"}},{"releasedAt":"2026-08-03T09:20:00Z"}],' +
  '"sequenceNumber":18446744073709551615,"sequenceNumberForAllocation":{"1":1785748500123456789,"3":1785748500123456790},"deleted":false,' +
  '"later":{"n":1785748500123456791}}';

test('parse and print give back every byte of what Calico stored', (t) => {
  t.true(ipam.length > 10);
  for (const { key, value } of ipam) t.is(again(key, value), value, key);
});

test('parseBlock() keeps digits, the order of free addresses, names like numbers, and members it does not know', (t) => {
  t.is(again('/calico/ipam/v2/assignment/ipv4/block/10.7.0.0-30', cooling), cooling);
});

test('keys are made from what they say', (t) => {
  for (const { key } of ipam) {
    const list = ipamListOf(key);
    if (list === 'blocks') t.is(blockKey(cidrOfKey(key)), key);
    if (list === 'block_affinities') t.is(affinityKey(ownerOfKey(key), cidrOfKey(key)), key);
  }
});

test('parseBlock() says what cannot be understood', (t) => {
  for (const value of [
    '{',
    '[]',
    '{"cidr":"10.7.0.0/30"}',
    '{"cidr":"x","allocations":[],"unallocated":[],"attributes":[]}',
  ])
    t.false(parseBlock(value).ok, value);
});

test('stored settings without autoAllocateBlocks mean false', (t) => {
  t.false(parseIpamConfig('{"strict_affinity":true}').autoAllocateBlocks);
});

function again(key: string, value: string): string | undefined {
  if (key === ipamConfigKey) return printIpamConfig(parseIpamConfig(value));
  const list = ipamListOf(key);
  if (list === 'handles') return printHandle(parseHandle('', value)!);
  if (list === 'block_affinities') return printAffinity(parseAffinityState(value) as 'confirmed');
  const block = parseBlock(value);
  return block.ok ? printBlock(block.value) : undefined;
}
