/**
 * The port to the kernel: everything the appliance asks of it, in process through netlink. `open.ts` opens the real one for a
 * network namespace; `fake/` keeps one in memory. Nothing else in the code base talks to the kernel. Types only.
 * Sources: linux/netfilter/nf_tables.h, rtnetlink(7), linux/netfilter/nfnetlink_conntrack.h.
 */
import type { Expression } from './netlink/expression.ts';

export type NftHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** One table is ours: family inet. Names go to the kernel as they are: at most 255 bytes, checked by the encoder. */
export type NftOperation =
  /** Adding what exists is success for tables, chains and sets with the same definition. */
  | { readonly type: 'add-table'; readonly table: string }
  | { readonly type: 'delete-table'; readonly table: string }
  | {
      readonly type: 'add-chain';
      readonly table: string;
      readonly chain: string;
      readonly base?: { readonly kind: 'filter' | 'nat' | 'route'; readonly hook: NftHook; readonly priority: number };
    }
  | { readonly type: 'delete-chain'; readonly table: string; readonly chain: string }
  | { readonly type: 'flush-chain'; readonly table: string; readonly chain: string }
  | {
      readonly type: 'add-rule';
      readonly table: string;
      readonly chain: string;
      readonly expressions: readonly Expression[];
      /** Shown by `nft list` (at most 128 bytes are kept). */
      readonly comment?: string;
      /** Insert before or after this rule, or take its place; absent appends. */
      readonly place?: { readonly how: 'before' | 'after' | 'replace'; readonly handle: bigint };
    }
  | { readonly type: 'delete-rule'; readonly table: string; readonly chain: string; readonly handle: bigint }
  | { readonly type: 'add-set'; readonly table: string; readonly set: NftSet }
  | { readonly type: 'delete-set'; readonly table: string; readonly set: string }
  | {
      readonly type: 'add-elements';
      readonly table: string;
      readonly set: string;
      readonly elements: readonly NftElement[] | NftKeys;
    }
  | {
      readonly type: 'delete-elements';
      readonly table: string;
      readonly set: string;
      readonly elements: readonly NftElement[] | NftKeys;
    }
  | {
      readonly type: 'add-counter';
      readonly table: string;
      readonly counter: string;
      readonly packets?: bigint;
      readonly bytes?: bigint;
    }
  | { readonly type: 'delete-counter'; readonly table: string; readonly counter: string };

export interface NftSet {
  readonly name: string;
  /** Words of the key: each field fills whole 32-bit words; `keyType` is nft's data type number, for people's `nft list` only. */
  readonly keyType: number;
  readonly keyLength: number;
  /** Byte lengths of the fields of a hash set over a concatenation; absent for one plain field. */
  readonly fields?: readonly number[];
  /**
   * Intervals over the whole key in byte order: an element starts an interval or (`isEnd`) ends one, exclusively.
   * Works for composite keys too: [id.start, id.end) never crosses ids when ids are kept apart.
   */
  readonly isInterval?: boolean;
  /** Present for a map: the value's type and length, or verdicts. */
  readonly data?: 'verdict' | { readonly type: number; readonly length: number };
  /** The most elements it may ever hold: the kernel refuses more (`ENFILE`). Absent for sets that grow. */
  readonly size?: number;
}

export interface NftElement {
  readonly key: Uint8Array;
  readonly isEnd?: boolean;
  readonly verdict?: { readonly code: 'accept' | 'drop' | 'jump' | 'goto'; readonly chain?: string };
  readonly data?: Uint8Array;
}

/** Very many elements without values, as bytes: an object for each would cost ten times the memory. */
export interface NftKeys {
  readonly keyLength: number;
  /** The keys, one after the other. */
  readonly keys: Uint8Array;
  /** For each key 1 when it ends an interval, else 0; absent when none does. */
  readonly ends?: Uint8Array | undefined;
}

/**
 * What the kernel said of one operation of a refused batch (`index` -1: of the batch as a whole): `code` such as `ENOENT`,
 * `message` the extended ack's text or strerror, with the offending attribute where the kernel names it.
 */
export interface NftRefusal {
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

export type NftResult =
  /** `handles`: operation index of each add-rule -> the new rule's handle. `bytes` and `messages` sent; `kernelMs` spent in send. */
  | {
      readonly ok: true;
      readonly handles: ReadonlyMap<number, bigint>;
      readonly bytes: number;
      readonly messages: number;
      readonly kernelMs: number;
    }
  /** Nothing was changed. */
  | { readonly ok: false; readonly refusals: readonly NftRefusal[] };

/** What the kernel has of a table, read back. Absent table: undefined. */
export interface NftTableDump {
  /** Switched off: its base chains see no packet. */
  readonly isDormant: boolean;
  readonly chains: readonly {
    readonly name: string;
    /** `doesDrop`: what no rule decides is dropped; never so of chains that `add-chain` makes. */
    readonly base?: {
      readonly kind: string;
      readonly hook: NftHook;
      readonly priority: number;
      readonly doesDrop: boolean;
    };
  }[];
  /** In chain order. `expressions` are the bytes of the rule's NFTA_RULE_EXPRESSIONS attribute, comparable with `encodeExpressions()` only when normalised. */
  readonly rules: readonly {
    readonly chain: string;
    readonly handle: bigint;
    readonly comment?: string;
    readonly expressions: Buffer;
  }[];
  readonly sets: readonly { readonly name: string; readonly keyLength: number; readonly flags: number }[];
  readonly counters: readonly { readonly name: string; readonly packets: bigint; readonly bytes: bigint }[];
}

export interface Nft {
  /**
   * One transaction: all or nothing, in the order of the calls. Large batches are sent from a thread, so that the event loop stays
   * free. An element that is there with the same data is taken; with other data it is refused (`EEXIST`).
   */
  apply(operations: readonly NftOperation[]): Promise<NftResult>;
  dumpTable(table: string): Promise<NftTableDump | undefined>;
  dumpElements(table: string, set: string): Promise<readonly NftElement[]>;
  /** The keys alone: for sets that may be large. */
  dumpKeys(table: string, set: string): Promise<NftKeys>;
  dumpCounters(table: string): Promise<NftTableDump['counters']>;
  /** Tells of each transaction of somebody else in which the table, its chains, rules, sets or elements were changed, until closed. */
  follow(table: string, onChange: (change: NftChange) => void): { close(): void };
  /** Tells of transactions in any table that are not among the caller's: `commits` is how many those were; undefined while one is under way. */
  followGeneration(commits: () => number | undefined, onChange: () => void): { close(): void };
  /** The table as bytes that `applyCopy` makes it of again, counters at zero; undefined when there is none. */
  copyTable(table: string): Promise<Uint8Array | undefined>;
  /** Makes a copied table, in one transaction and only where there is none of its name (`EEXIST`). What the kernel said against it. */
  applyCopy(table: string, copy: Uint8Array): Promise<NftRefusal | undefined>;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly mac: string;
  readonly mtuBytes: number;
  readonly isUp: boolean;
  /** Link flag RUNNING. */
  readonly isRunning: boolean;
  /** Of a VXLAN device. */
  readonly vxlan?: VxlanSettings;
}

/** What of a VXLAN device cannot be changed once it is there. */
export interface VxlanSettings {
  readonly vni: number;
  readonly port: number;
  /** The address packets are sent from. */
  readonly local?: string;
  /** Index of the link they are sent through; 0 for any. */
  readonly parent: number;
  readonly isLearning: boolean;
}

/** A link to be made; it is born down. */
export type NewLink =
  | {
      readonly kind: 'vxlan';
      readonly name: string;
      readonly mac: string;
      readonly mtuBytes: number;
      readonly vxlan: VxlanSettings;
    }
  | { readonly kind: 'wireguard' | 'ipip'; readonly name: string; readonly mtuBytes: number };

export interface LinkChange {
  readonly isUp?: boolean;
  readonly name?: string;
  readonly mtuBytes?: number;
  readonly mac?: string;
}

export interface Route {
  readonly family: 4 | 6;
  /** Canonical CIDR; the default route is 0.0.0.0/0 or ::/0. */
  readonly destination: string;
  readonly table: number;
  readonly protocol: number;
  readonly priority: number;
  readonly type: 'unicast' | 'blackhole' | 'throw' | 'local' | 'prohibit' | 'unreachable';
  readonly scope: 'universe' | 'link' | 'host';
  readonly oif?: number;
  readonly gateway?: string;
  readonly source?: string;
  readonly isOnlink?: boolean;
}

export interface Neighbour {
  readonly family: 4 | 6;
  readonly ifindex: number;
  readonly address: string;
  readonly mac: string;
  readonly isPermanent: boolean;
}

/** What is said of an address on a link: whose hardware address it has. */
export interface Announcement {
  readonly ifindex: number;
  readonly mac: string;
  readonly address: string;
  /** The link's own address of IPv6, from which it is said. */
  readonly linkLocal?: string;
}

/** An address that a link answers for although the host does not have it. */
export interface ProxyEntry {
  readonly family: 4 | 6;
  readonly ifindex: number;
  readonly address: string;
  /** Who made it, as of routes. */
  readonly protocol: number;
}

export interface InterfaceAddress {
  readonly family: 4 | 6;
  readonly ifindex: number;
  /** Address with the link's prefix length. */
  readonly prefix: string;
}

/** A queueing discipline at the root of a link, or the one that sees what comes in. */
export interface Qdisc {
  readonly ifindex: number;
  readonly kind: string;
  /** Major and minor number, 16 bits each. */
  readonly handle: number;
  readonly place: 'root' | 'ingress';
}

export interface TokenBucket {
  /** Bytes a second. */
  readonly rateBytes: number;
  readonly burstBytes: number;
  /** Bytes that may wait; what comes beyond them is dropped. */
  readonly limitBytes: number;
  /** How fast a burst may be spent. */
  readonly peak?: { readonly rateBytes: number; readonly burstBytes: number };
}

export type TrafficOperation =
  /** Takes the place of whatever is at the link's root; changes a bucket of the same handle without losing what waits. */
  | {
      readonly type: 'replace-token-bucket';
      readonly ifindex: number;
      readonly handle: number;
      readonly bucket: TokenBucket;
    }
  /** What comes in by the link can be redirected. Success when it can already. */
  | { readonly type: 'add-ingress'; readonly ifindex: number }
  /** What comes in by the link leaves by `to` first, and then goes on as if nothing had been. */
  | { readonly type: 'add-redirect'; readonly ifindex: number; readonly to: number }
  /** With its filters. */
  | { readonly type: 'delete-qdisc'; readonly ifindex: number; readonly place: Qdisc['place'] }
  /** An intermediate link, up. */
  | { readonly type: 'add-ifb'; readonly name: string; readonly mtuBytes: number }
  | { readonly type: 'delete-ifb'; readonly ifindex: number };

/** One direction of a connection, as the kernel tracks it. */
export interface ConnectionTuple {
  readonly source: string;
  readonly destination: string;
  /** Of protocols that have ports. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}

/** What the kernel finds a connection by; of no meaning to others. */
export interface ConnectionName {
  readonly tuple: Uint8Array;
  readonly zone?: Uint8Array;
}

/** A tracked connection. Its answers come from `reply.source`: the destination as it is behind any translation. */
export interface Connection {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  /** Bits of enum ip_conntrack_status. */
  readonly status: number;
  readonly mark: number;
  readonly name: ConnectionName;
}

/** Where a VXLAN device sends frames for a MAC address: to another host. */
export interface ForwardingEntry {
  readonly ifindex: number;
  readonly mac: string;
  readonly destination: string;
}

/** Which packets ask which routing table. */
export interface RoutingRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  /** 0 with a mask of 0 for a rule that asks for no mark. */
  readonly mark: number;
  readonly mask: number;
  /** It is for the packets that do not match. */
  readonly isInverted: boolean;
}

/** A WireGuard device; its private key is never read back. */
export interface WireguardDevice {
  /** Base64; empty while the device has no key. */
  readonly publicKey: string;
  readonly port: number;
  readonly mark: number;
  readonly peers: readonly WireguardDevicePeer[];
}

export interface WireguardPeerSettings {
  /** Base64. */
  readonly publicKey: string;
  readonly endpoint?: { readonly address: string; readonly port: number };
  readonly keepAliveSeconds: number;
  /** Canonical CIDRs, sorted. */
  readonly allowedNets: readonly string[];
}

export interface WireguardDevicePeer extends WireguardPeerSettings {
  /** 0 when there was none. */
  readonly lastHandshakeSeconds: number;
  readonly receivedBytes: bigint;
  readonly sentBytes: bigint;
}

/** What is absent stays as it is. */
export interface WireguardChange {
  /** 32 bytes. */
  readonly privateKey?: Uint8Array;
  readonly port?: number;
  readonly mark?: number;
  /** To add, or to have just these allowed nets. */
  readonly peers?: readonly WireguardPeerSettings[];
  /** Public keys of peers that go; they go first. */
  readonly removedPeers?: readonly string[];
}

/** A change seen on the multicast groups. `lost`: the kernel dropped notifications; read everything anew. */
export type KernelEvent =
  | { readonly type: 'link'; readonly link: Link; readonly isGone: boolean }
  | { readonly type: 'address'; readonly address: InterfaceAddress; readonly isGone: boolean }
  | { readonly type: 'route'; readonly route: Route; readonly isGone: boolean }
  /** Also of entries that the kernel learns and forgets by itself. */
  | { readonly type: 'neighbour'; readonly neighbour: Neighbour; readonly isGone: boolean }
  /** Sysctls of a link (below zero: of all), as far as the kernel tells: forwarding, rp_filter, proxy_arp, proxy_ndp. Ours too. */
  | { readonly type: 'settings'; readonly family: 4 | 6; readonly ifindex: number }
  | { readonly type: 'lost' };

/** That somebody else changed a table; `by` such as `nft (pid 123)`. `lost`: it is not known whether anybody did. */
export type NftChange = { readonly type: 'changed'; readonly by: string } | { readonly type: 'lost' };

/**
 * All calls throw AppError KERNEL_REFUSED (details: code, message), KERNEL_UNAVAILABLE or, of transactions, KERNEL_ANSWER_LOST
 * (read everything anew). Deleting routes, neighbours or connections that are not there is success; nf_tables refuses it.
 */
export interface Kernel {
  readonly nft: Nft;
  links(): Promise<readonly Link[]>;
  addresses(): Promise<readonly InterfaceAddress[]>;
  routes(family: 4 | 6): Promise<readonly Route[]>;
  neighbours(family: 4 | 6, ifindex: number): Promise<readonly Neighbour[]>;
  proxyEntries(family: 4 | 6): Promise<readonly ProxyEntry[]>;
  forwardingEntries(ifindex: number): Promise<readonly ForwardingEntry[]>;
  rules(family: 4 | 6): Promise<readonly RoutingRule[]>;
  /** `EEXIST` when the name is taken, `ENOTSUP` when the kernel has no such links. */
  addLink(link: NewLink): Promise<void>;
  changeLink(ifindex: number, change: LinkChange): Promise<void>;
  /** Deleting what is gone is success. */
  deleteLink(ifindex: number): Promise<void>;
  /** `prefix` is an address with its prefix length. Adding what is there, and deleting what is not, is success. */
  addAddress(ifindex: number, prefix: string): Promise<void>;
  deleteAddress(ifindex: number, prefix: string): Promise<void>;
  /** Undefined when there is no such device. */
  wireguard(ifindex: number): Promise<WireguardDevice | undefined>;
  changeWireguard(ifindex: number, change: WireguardChange): Promise<void>;
  /** Pipelined in one send; one result per operation: undefined, or what the kernel said. */
  changeRoutes(operations: readonly RouteOperation[]): Promise<readonly (NftRefusal | undefined)[]>;
  qdiscs(): Promise<readonly Qdisc[]>;
  /** As `changeRoutes()`. */
  changeTraffic(operations: readonly TrafficOperation[]): Promise<readonly (NftRefusal | undefined)[]>;
  /** Tells the neighbours on a link that an address is to be found there. */
  announce(announcement: Announcement): void;
  /** Writes a sysctl by its path below /proc/sys (`net/ipv4/conf/cali1/proxy_arp`); undefined when done, else the reason. */
  writeSysctl(path: string, value: string): string | undefined;
  readSysctl(path: string): string | undefined;
  /** Deletes conntrack entries whose original source or destination, or reply source, is one of these addresses; how many. */
  deleteConntrack(...addresses: readonly string[]): Promise<number>;
  /** Connections with one of these addresses as original source or reply source; all of them when no addresses are given. */
  connections(addresses?: ReadonlySet<string>): Promise<readonly Connection[]>;
  /** How many connections have this bit in their mark. */
  countMarked(bit: number): Promise<number>;
  /** Gives the connections that are still there the bits of `mark` that are set in `mask`; how many they were. */
  markConnections(connections: readonly Connection[], change: { mark: number; mask: number }): Promise<number>;
  /** Follows links, addresses, routes, neighbours and settings until closed; of some types only when they are named. `lost` is always told. */
  listen(onEvent: (event: KernelEvent) => void, types?: readonly KernelEvent['type'][]): { close(): void };
  close(): void;
}

export type RouteOperation =
  | { readonly type: 'replace-route' | 'delete-route'; readonly route: Route }
  | { readonly type: 'replace-neighbour' | 'delete-neighbour'; readonly neighbour: Neighbour }
  | { readonly type: 'add-proxy' | 'delete-proxy'; readonly proxy: ProxyEntry }
  | { readonly type: 'replace-forwarding' | 'delete-forwarding'; readonly forwarding: ForwardingEntry }
  /** Adding a rule that is there is success. */
  | { readonly type: 'add-rule' | 'delete-rule'; readonly rule: RoutingRule };

export interface OpenKernelOptions {
  readonly netnsPath?: string;
  /** How `nft.follow` learns of others: `generation` only counts transactions, and so tells `lost` for each. By default as memory allows. */
  readonly noticesBy?: 'notifications' | 'generation';
}

/** Opens the kernel of a network namespace: this process's own, or the one behind a path such as /run/netns/NAME. */
export type OpenKernel = (options?: OpenKernelOptions) => Kernel;
