import dgram from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import test from 'ava';
import { discoverEndpoints } from '#appliance/datastore/etcd/discover.ts';

type Records = Readonly<Record<string, readonly (readonly [host: string, port: number])[]>>;

/** A name server that knows some SRV records and no other name. */
async function serveNames(records: Records) {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (query, from) => socket.send(answerTo(query, records), from.port, from.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return { resolveSrv: (name: string) => resolver.resolveSrv(name), close: () => socket.close() };
}

/** RFC 1035, 4; RFC 2782. */
function answerTo(query: Buffer, records: Records): Buffer {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const found = records[readName(question)] ?? [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(found.length > 0 ? 0x8580 : 0x8583, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  const answers = found.map(([host, port]) => {
    const target = writeName(host);
    const fixed = Buffer.from([
      0xc0,
      0x0c,
      0,
      33,
      0,
      1,
      0,
      0,
      0,
      60,
      0,
      6 + target.length,
      0,
      0,
      0,
      0,
      port >> 8,
      port & 255,
    ]);
    return Buffer.concat([fixed, target]);
  });
  return Buffer.concat([header, question, ...answers]);
}

function readName(bytes: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; bytes[at] !== 0; at += bytes[at]! + 1)
    labels.push(bytes.toString('latin1', at + 1, at + 1 + bytes[at]!));
  return labels.join('.');
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

test('`discoverEndpoints()` takes the servers that DNS names, the secure ones as https', async (t) => {
  const names = await serveNames({
    '_etcd-client-ssl._tcp.example.test': [
      ['a.example.test', 2379],
      ['b.example.test', 12379],
    ],
    '_etcd-client._tcp.plain.test': [['c.plain.test', 2379]],
  });
  t.deepEqual((await discoverEndpoints('example.test', names.resolveSrv)).toSorted(), [
    'https://a.example.test:2379',
    'https://b.example.test:12379',
  ]);
  t.deepEqual(await discoverEndpoints('plain.test', names.resolveSrv), ['http://c.plain.test:2379']);
  names.close();
});

test('`discoverEndpoints()` names the setting and the records it looked for', async (t) => {
  const names = await serveNames({});
  await t.throwsAsync(discoverEndpoints('empty.test', names.resolveSrv), {
    code: 'STORE_UNAVAILABLE',
    message: /ETCD_DISCOVERY_SRV: _etcd-client-ssl\._tcp\.empty\.test and .*: there are no such records/,
  });
  names.close();
  await t.throwsAsync(discoverEndpoints('empty.test', names.resolveSrv), {
    message: /ETCD_DISCOVERY_SRV: .*(ETIMEOUT|ECONNREFUSED)/,
  });
});
