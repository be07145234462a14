/**
 * The dependency rule as data: which area a file belongs to, and which areas it may import (type imports count).
 * The first matching row wins, so entries come before the areas they lie in.
 */

export interface Area {
  readonly name: string;
  /** Matches paths relative to the root. */
  readonly files: RegExp;
  /** Areas it may import besides itself; `*` for any. */
  readonly mayImport: readonly string[];
  readonly reason: string;
}

export const areas: readonly Area[] = [
  {
    name: 'entry',
    files: /^appliance\/[a-z-]+\.ts$|^(cli|cni|kube-bridge)\/main\.ts$/,
    mayImport: ['*'],
    reason: 'entries wire everything; nobody imports them',
  },
  { name: 'lib', files: /^appliance\/lib\//, mayImport: [], reason: 'the ground floor knows nothing of ours' },
  { name: 'access', files: /^appliance\/access\//, mayImport: ['lib'], reason: 'who may do what, for every face' },
  { name: 'pki', files: /^appliance\/pki\//, mayImport: ['lib'], reason: 'certificates, whoever they are for' },
  {
    name: 'tokens',
    files: /^appliance\/tokens\//,
    mayImport: ['lib', 'access'],
    reason: 'tokens of service accounts, wherever the accounts are kept',
  },
  {
    name: 'enrolment',
    files: /^appliance\/enrolment\//,
    mayImport: ['lib', 'pki', 'datastore'],
    reason: 'how a host joins and stays joined, on both sides',
  },
  { name: 'selector', files: /^appliance\/selector\//, mayImport: ['lib'], reason: 'a language on its own' },
  { name: 'kernel', files: /^appliance\/kernel\//, mayImport: ['lib'], reason: 'the only code that asks the kernel' },
  { name: 'resources', files: /^appliance\/resources\//, mayImport: ['lib', 'selector'], reason: 'what users write' },
  {
    name: 'ipam-model',
    files: /^appliance\/ipam\/model\//,
    mayImport: ['lib', 'resources'],
    reason: "IPAM's bytes as data: the store's own checks and moves know them too",
  },
  {
    name: 'datastore',
    files: /^appliance\/datastore\//,
    mayImport: ['lib', 'access', 'resources', 'selector', 'ipam-model'],
    reason: 'where it is kept',
  },
  {
    name: 'model',
    files: /^appliance\/felix\/(model|config)\//,
    mayImport: ['lib', 'resources', 'selector', 'datastore'],
    reason: 'what the graph says',
  },
  {
    name: 'calc',
    files: /^appliance\/felix\/calc\//,
    mayImport: ['lib', 'selector', 'resources', 'ipam-model', 'datastore', 'model'],
    reason: 'a pure brain: never the kernel, never a dataplane',
  },
  {
    name: 'render',
    files: /^appliance\/felix\/render\//,
    mayImport: ['lib', 'model', 'kernel'],
    reason: 'a pure brain: rules as data; from kernel only the expression types',
  },
  {
    name: 'dataplane',
    files: /^appliance\/felix\/dataplane\//,
    mayImport: ['lib', 'model', 'render', 'kernel', 'datastore'],
    reason: 'hands: never the graph, never the store itself (only its types)',
  },
  {
    name: 'hostendpoints',
    files: /^appliance\/hostendpoints\//,
    mayImport: ['lib', 'selector', 'resources', 'datastore'],
    reason: 'host endpoints that a host makes of itself: brains, and hands over the store port',
  },
  {
    name: 'felix-agent',
    files: /^appliance\/felix\/(agent|status)\//,
    mayImport: [
      'lib',
      'pki',
      'model',
      'calc',
      'datastore',
      'resources',
      'ipam',
      'ipam-model',
      'dataplane',
      'kernel',
      'hostendpoints',
    ],
    reason: 'puts the brains and hands of Felix together',
  },
  {
    name: 'ipam',
    files: /^appliance\/ipam\//,
    mayImport: ['lib', 'selector', 'resources', 'ipam-model', 'datastore'],
    reason: 'who has which address: brains, and hands over the store port',
  },
  {
    name: 'etcd-face',
    files: /^appliance\/etcd-face\//,
    mayImport: ['lib', 'access', 'datastore'],
    reason: 'a face over the store contract; it knows no kinds',
  },
  {
    name: 'api',
    files: /^appliance\/api\//,
    mayImport: ['lib', 'access', 'pki', 'tokens', 'enrolment', 'resources', 'datastore', 'ipam', 'ipam-model'],
    reason: 'a face; never felix, bird',
  },
  {
    name: 'datastore-commands',
    files: /^cli\/(commands\/)?datastore\//,
    mayImport: ['lib', 'resources', 'datastore', 'cli'],
    reason: 'backing up, moving and repairing a store is work on the store itself, which no API offers',
  },
  {
    name: 'direct-api',
    files: /^cli\/direct\//,
    mayImport: ['lib', 'api', 'datastore', 'cli', 'datastore-commands'],
    reason:
      'the API in process, for a command that is told of an etcd and of no server; everything else of the CLI sees a transport',
  },
  {
    name: 'node-probe',
    files: /^cli\/node\/probe\.ts$/,
    mayImport: ['lib', 'kernel', 'cli'],
    reason: 'asks the kernel of this machine, which no API does for it',
  },
  {
    name: 'node-config',
    files: /^cli\/node\/local-config\.ts$/,
    mayImport: ['lib', 'model', 'felix-agent', 'cli'],
    reason: "reads the agent's own files as the agent does, where there is no agent to ask",
  },
  {
    name: 'cli',
    files: /^cli\//,
    mayImport: [
      'lib',
      'pki',
      'enrolment',
      'resources',
      'selector',
      'datastore-commands',
      'direct-api',
      'ipam',
      'ipam-model',
      'node-probe',
      'node-config',
    ],
    reason: 'talks to the API, not to the store',
  },
];

/** Areas that are allowed only the types of another, not its code. */
export const typesOnly: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'calc', to: 'datastore' },
  { from: 'enrolment', to: 'datastore' },
  { from: 'model', to: 'datastore' },
  { from: 'dataplane', to: 'datastore' },
  { from: 'render', to: 'kernel' },
  { from: 'cli', to: 'ipam' },
  { from: 'cli', to: 'ipam-model' },
];
