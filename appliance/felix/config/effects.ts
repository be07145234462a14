/**
 * What a change of a parameter does to an agent that runs: taken at once, taken at the next start, or nothing because there is nothing here it could
 * mean. `calicoctl node config` and the reference page say it, and a test holds `decode.ts` to it. Pure.
 */
import type { FelixParameter } from '../../resources/kinds/felix-parameters.ts';

export type Effect =
  | { readonly type: 'live' }
  | { readonly type: 'restart'; readonly reason: string }
  | { readonly type: 'none'; readonly reason: string };

const store = 'the way to the store is opened once';
const restart: Readonly<Record<string, string>> = {
  OpenstackRegion: 'part of the keys that were written',
  EtcdAddr: store,
  EtcdCaFile: `${store}; the file itself is followed`,
  EtcdCertFile: `${store}; the file itself is followed`,
  EtcdEndpoints: store,
  EtcdKeyFile: `${store}; the file itself is followed`,
  EtcdScheme: store,
  FelixHostname: "part of the keys, and the Node's name; NODENAME goes first",
};

const kubernetes = 'for hosts in a Kubernetes cluster';
const runtime = "a setting of another language's runtime; the service's MemoryMax= and CPUQuota= are the means here";
const journal =
  'the log goes to standard output and so to the journal, which hands it on to syslog where there is one, at LogSeverityScreen';
const migration = 'no virtual machines are moved between hosts here';
const accept = 'a table of its own: to accept in it leaves the packet to other tables in any case';
const none: Readonly<Record<string, string>> = {
  UseInternalDataplaneDriver: 'there is no external driver',
  DataplaneDriver: 'there is no external driver',
  FeatureDetectOverride: 'what the kernel and its tools can do is tried, not guessed from versions',
  FeatureGates: 'there are no previews to switch on',
  NetlinkTimeoutSecs: 'the kernel answers within the call; a pass that hangs is what liveness and watchdog see',
  NftablesFilterAllowAction: accept,
  NftablesMangleAllowAction: accept,
  LogFilePath: journal,
  LogSeverityFile: journal,
  LogSeveritySys: journal,
  LogDebugFilenameRegex: 'log lines name their component, by which they can be picked',
  IptablesLockProbeIntervalMillis:
    'iptables-restore sleeps until the lock is free; since 1.8.8 it ignores how often it is to look',
  WireguardThreadingEnabled: 'which threads decrypt is left to the kernel',
  KubeNodePortRanges: kubernetes,
  PolicySyncPathPrefix: 'no policy on layer 7 on these hosts',
  UsageReportingEnabled: 'nothing is ever reported to anybody',
  UsageReportingInitialDelaySecs: 'nothing is ever reported to anybody',
  UsageReportingIntervalSecs: 'nothing is ever reported to anybody',
  DebugMemoryProfilePath: 'the runtime takes heap snapshots by itself (--heapsnapshot-signal)',
  DebugDisableLogDropping: 'no log line is dropped',
  DebugHost: "the runtime's inspector is for that",
  DebugPort: "the runtime's inspector is for that",
  DebugCPUProfilePath: "the runtime's inspector is for that",
  DebugPanicAfter: 'for tests of another program',
  DebugSimulateDataRace: 'for tests of another program',
  SidecarAccelerationEnabled: 'needs eBPF, which is not used',
  CgroupV2Path: 'needs eBPF, which is not used',
  NFTablesFlowTableOffload: 'packets of known flows always pass the rules',
  NFTablesFlowTableDataIfacePattern: 'packets of known flows always pass the rules',
  IPv4ElevatedRoutePriority: migration,
  IPv6ElevatedRoutePriority: migration,
  LiveMigrationRouteConvergenceTime: migration,
  AWSSrcDstCheck: 'no cloud is asked for anything',
  GoGCThreshold: runtime,
  GoMemoryLimitMB: runtime,
  GoMaxProcs: runtime,
  DatastoreType: 'DATASTORE_TYPE says which store it is',
};

/** Whole families, by the beginning of the name. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(BPF|DebugBPF|XDP|GenericXDP)/, 'needs eBPF, which is not used'],
  [/^Istio/, kubernetes],
  [/^Windows/, 'for another system'],
  [/^FlowLogs/, 'flows are not logged'],
  [/^Typha/, 'each agent watches the store itself'],
];

/** Of the parameters that no table names: taken at once. */
export function effectOf({ name }: Pick<FelixParameter, 'name'>): Effect {
  if (Object.hasOwn(restart, name)) return { type: 'restart', reason: restart[name]! };
  const reason = Object.hasOwn(none, name) ? none[name] : families.find(([family]) => family.test(name))?.[1];
  return reason === undefined ? { type: 'live' } : { type: 'none', reason };
}

/** Every name the tables have; for the test that looks for those of parameters that are gone. */
export const namesInTables: readonly string[] = [...Object.keys(restart), ...Object.keys(none)];
