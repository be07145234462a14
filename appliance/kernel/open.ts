/**
 * The real kernel behind the port: sockets of one network namespace, each with its own queue, so that a long transaction
 * holds up neither routes nor readings. I/O; keeps no state of its own.
 */
import { totalmem } from 'node:os';
import { assert } from '../lib/assert.ts';
import { parseAddress } from '../lib/ip/address.ts';
import { announce } from './announce.ts';
import type { Kernel, NftRefusal, OpenKernel, RouteOperation, TrafficOperation } from './kernel.ts';
import { addressesRequest, readInterfaceAddress } from './netlink/addresses.ts';
import { countMarked, markConnections, readConnections } from './netlink/connections.ts';
import { deleteConntrack } from './netlink/conntrack.ts';
import { isRefusal, NetlinkReader, refused } from './netlink/dump.ts';
import { writeAddress, writeChange, writeDelete, writeDeleteAddress, writeNewLink } from './netlink/link-messages.ts';
import { linksRequest, readLink } from './netlink/links.ts';
import { KernelListener } from './netlink/listener.ts';
import type { Message, MessageWriter } from './netlink/message.ts';
import * as neighbours from './netlink/neighbours.ts';
import { NftTransactions } from './netlink/nft.ts';
import { copyTable } from './netlink/nft-copy.ts';
import { dumpCounters, dumpElements, dumpKeys, dumpTable } from './netlink/nft-dump.ts';
import { NftFollower } from './netlink/nft-follower.ts';
import { GenerationFollower, readGeneration } from './netlink/nft-generation.ts';
import { NetlinkPipeline, type Outcome } from './netlink/pipeline.ts';
import { readRoute, routesRequest, writeDeleteRoute, writeReplaceRoute } from './netlink/routes.ts';
import { readRule, rulesRequest, writeAddRule, writeDeleteRule } from './netlink/rules.ts';
import { NETLINK, NetlinkSocket } from './netlink/socket.ts';
import { qdiscsRequest, readQdisc, writeTrafficOperation } from './netlink/traffic.ts';
import { forwardingRequest, readForwarding, writeDeleteForwarding, writeReplaceForwarding } from './netlink/vxlan.ts';
import { WireguardCalls } from './netlink/wireguard-calls.ts';
import { NetworkNamespace } from './netns.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

/** With less memory a large transaction of others could not afford that we listen: 8 KB for each of its elements. */
const LISTENING_BYTES_MIN = 3.5 * 2 ** 30;

/** Opens the kernel of this process's network namespace, or of the one behind `netnsPath`. */
export const openKernel: OpenKernel = (options = {}) => {
  const { noticesBy = totalmem() < LISTENING_BYTES_MIN ? 'generation' : 'notifications' } = options;
  const namespace = new NetworkNamespace(options.netnsPath);
  const sockets = namespace.run(openSockets);
  const nftReader = new NetlinkReader(sockets.netfilterReads);
  const routeReader = new NetlinkReader(sockets.routeReads);
  const routeWriter = new NetlinkPipeline(sockets.routeWrites);
  const conntrackReader = new NetlinkReader(sockets.conntrackReads);
  const conntrackWriter = new NetlinkPipeline(sockets.conntrackWrites);
  const transactions = new NftTransactions(sockets.nftWrites);
  const wireguard = new WireguardCalls(sockets.genericReads, sockets.genericWrites);
  const sendOne = async (write: (writer: MessageWriter, sequence: number) => void) => {
    const [outcome] = await routeWriter.send([undefined], (writer, _item, sequence) => write(writer, sequence));
    if (outcome !== undefined) throw refused(outcome.code, outcome.message);
  };
  const read = () => readGeneration(nftReader);
  return {
    nft: {
      apply: (operations) => transactions.apply(operations),
      dumpTable: (table) => dumpTable(nftReader, table),
      dumpElements: (table, set) => dumpElements(nftReader, table, set),
      dumpKeys: (table, set) => dumpKeys(nftReader, table, set),
      dumpCounters: (table) => dumpCounters(nftReader, table),
      follow(table, onChange) {
        if (noticesBy === 'generation') {
          const commits = () => transactions.commits;
          return new GenerationFollower({ read, commits, onChange: () => onChange({ type: 'lost' }) });
        }
        return namespace.run(() => {
          const follower = new NftFollower({
            table,
            onChange,
            ownPortId: sockets.nftWrites.portId,
            reader: nftReader,
            onClose: (closed) => void transactions.bystanders.delete(closed),
          });
          transactions.bystanders.add(follower);
          return follower;
        });
      },
      followGeneration: (commits, onChange) => new GenerationFollower({ read, commits, onChange }),
      copyTable: (table) => copyTable(nftReader, table),
      applyCopy: (table, copy) => transactions.applyCopy(table, copy),
    },
    links: () => routeReader.dump(linksRequest, each(readLink)),
    addresses: () => routeReader.dump(addressesRequest, each(readInterfaceAddress)),
    routes: (family) => routeReader.dump(routesRequest(family), each(readRoute)),
    neighbours: (family, ifindex) =>
      routeReader.dump(neighbours.neighboursRequest(family, ifindex), each(neighbours.readNeighbour)),
    proxyEntries: (family) => routeReader.dump(neighbours.proxiesRequest(family), each(neighbours.readProxy)),
    forwardingEntries: (ifindex) =>
      routeReader.dump(
        forwardingRequest(ifindex),
        each((body) => readForwarding(body, ifindex)),
      ),
    rules: (family) => routeReader.dump(rulesRequest(family), each(readRule)),
    addLink: (link) => sendOne((writer, sequence) => writeNewLink(writer, sequence, link)),
    changeLink: (ifindex, change) => sendOne((writer, sequence) => writeChange(writer, sequence, ifindex, change)),
    deleteLink: (ifindex) => orAbsent(sendOne((writer, sequence) => writeDelete(writer, sequence, ifindex))),
    addAddress: (ifindex, prefix) =>
      orAlready(sendOne((writer, sequence) => writeAddress(writer, sequence, ifindex, prefix))),
    deleteAddress: (ifindex, prefix) =>
      orAbsent(sendOne((writer, sequence) => writeDeleteAddress(writer, sequence, ifindex, prefix))),
    wireguard: (ifindex) => wireguard.read(ifindex),
    changeWireguard: (ifindex, change) => wireguard.change(ifindex, change),
    changeRoutes: async (operations) => refusalsOf(operations, await routeWriter.send(operations, writeRouteOperation)),
    qdiscs: () => routeReader.dump(qdiscsRequest, each(readQdisc)),
    changeTraffic: async (operations) =>
      trafficRefusals(operations, await routeWriter.send(operations, writeTrafficOperation)),
    announce: (announcement) => namespace.run(() => announce(announcement)),
    writeSysctl: (path, value) => namespace.run(() => writeSysctl(path, value)),
    readSysctl: (path) => namespace.run(() => readSysctl(path)),
    deleteConntrack(...texts) {
      const addresses = texts.map((text) => {
        const address = parseAddress(text);
        assert(address !== undefined, `${text} is an address`);
        return address;
      });
      return deleteConntrack(conntrackReader, conntrackWriter, addresses);
    },
    connections: (addresses) => readConnections(conntrackReader, addresses),
    countMarked: (bit) => countMarked(conntrackReader, bit),
    markConnections: (connections, change) => markConnections(conntrackWriter, connections, change),
    listen: (onEvent, types) => namespace.run(() => new KernelListener(onEvent, types)),
    close() {
      for (const socket of Object.values(sockets)) socket.close();
      namespace.close();
    },
  } satisfies Kernel;
};

function openSockets() {
  return {
    nftWrites: new NetlinkSocket(NETLINK.netfilter),
    netfilterReads: new NetlinkSocket(NETLINK.netfilter),
    conntrackReads: new NetlinkSocket(NETLINK.netfilter),
    conntrackWrites: new NetlinkSocket(NETLINK.netfilter),
    routeReads: new NetlinkSocket(NETLINK.route),
    routeWrites: new NetlinkSocket(NETLINK.route),
    genericReads: new NetlinkSocket(NETLINK.generic),
    genericWrites: new NetlinkSocket(NETLINK.generic),
  };
}

function each<Value>(read: (body: Buffer) => Value | undefined): (message: Message) => Value[] {
  return (message) => {
    const value = read(message.body);
    return value === undefined ? [] : [value];
  };
}

function writeRouteOperation(writer: MessageWriter, operation: RouteOperation, sequence: number): void {
  if ('route' in operation) {
    const write = operation.type === 'replace-route' ? writeReplaceRoute : writeDeleteRoute;
    write(writer, operation.route, sequence);
  } else if ('neighbour' in operation) {
    const write =
      operation.type === 'replace-neighbour' ? neighbours.writeReplaceNeighbour : neighbours.writeDeleteNeighbour;
    write(writer, operation.neighbour, sequence);
  } else if ('proxy' in operation) {
    const write = operation.type === 'add-proxy' ? neighbours.writeAddProxy : neighbours.writeDeleteProxy;
    write(writer, operation.proxy, sequence);
  } else if ('forwarding' in operation) {
    const write = operation.type === 'replace-forwarding' ? writeReplaceForwarding : writeDeleteForwarding;
    write(writer, operation.forwarding, sequence);
  } else {
    const write = operation.type === 'add-rule' ? writeAddRule : writeDeleteRule;
    write(writer, operation.rule, sequence);
  }
}

/** No such route, rule, entry, address or link. */
const ABSENT: ReadonlySet<string> = new Set(['ESRCH', 'ENOENT', 'ENODEV', 'ENXIO', 'EADDRNOTAVAIL']);

async function orAbsent(call: Promise<void>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isRefusal(error, [...ABSENT])) throw error;
  });
}

async function orAlready(call: Promise<void>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isRefusal(error, ['EEXIST'])) throw error;
  });
}

/** Deleting what is not there is success, and so is adding a rule that is. */
function refusalsOf(operations: readonly RouteOperation[], outcomes: readonly Outcome[]): (NftRefusal | undefined)[] {
  return outcomes.map((outcome, index) => {
    const { type } = operations[index]!;
    const isThere = type === 'add-rule' && outcome?.code === 'EEXIST';
    const isGone = type.startsWith('delete-') && outcome !== undefined && ABSENT.has(outcome.code);
    return outcome === undefined || isThere || isGone ? undefined : { index, ...outcome };
  });
}

/** EINVAL and ENOENT are the kernel's words for a qdisc that is not there. */
const ABSENT_QDISC: ReadonlySet<string> = new Set([...ABSENT, 'EINVAL']);

function trafficRefusals(operations: readonly TrafficOperation[], outcomes: readonly Outcome[]) {
  return outcomes.map((outcome, index): NftRefusal | undefined => {
    const { type } = operations[index]!;
    if (outcome === undefined) return undefined;
    if (type.startsWith('delete-') && ABSENT_QDISC.has(outcome.code)) return undefined;
    if (type === 'add-ingress' && outcome.code === 'EEXIST') return undefined;
    return { index, ...outcome };
  });
}
