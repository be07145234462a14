/** The list of commands. A command's file is loaded only when the command runs. */
import type { CommandEntry } from './command.ts';

/** What the help says of commands that stand together under a word. */
export const commandGroups: Readonly<Record<string, string>> = {
  ca: 'Make certificates for servers, hosts and people',
  node: 'Join hosts and see to them',
  'node token': 'Make, show and revoke the tokens that hosts join with',
  token: 'Make tokens for service accounts',
  datastore: 'Back up, restore, move, check and tend the store itself',
  'datastore migrate': 'Move everything from one store to another',
  ipam: 'Look after IP addresses',
  cluster: 'Look after the whole cluster',
};

/** In the order the help shows them. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'create',
    summary: 'Create resources from files or stdin',
    load: async () => (await import('./commands/create.ts')).createCommand,
  },
  {
    name: 'apply',
    summary: 'Create or update resources from files or stdin',
    load: async () => (await import('./commands/apply.ts')).applyCommand,
  },
  {
    name: 'replace',
    summary: 'Replace existing resources from files or stdin',
    load: async () => (await import('./commands/replace.ts')).replaceCommand,
  },
  {
    name: 'delete',
    summary: 'Delete resources by name or by file',
    load: async () => (await import('./commands/delete.ts')).deleteCommand,
  },
  {
    name: 'get',
    summary: 'Show resources as a table, YAML or JSON',
    load: async () => (await import('./commands/get.ts')).getCommand,
  },
  {
    name: 'history',
    summary: 'Show the versions of a resource that the store still has',
    load: async () => (await import('./commands/history.ts')).historyCommand,
  },
  {
    name: 'diff',
    summary: 'Show what changed in a resource between two revisions',
    load: async () => (await import('./commands/diff.ts')).diffCommand,
  },
  {
    name: 'patch',
    summary: 'Change part of a resource',
    load: async () => (await import('./commands/patch.ts')).patchCommand,
  },
  {
    name: 'label',
    summary: 'Set or remove labels of a resource',
    load: async () => (await import('./commands/label.ts')).labelCommand,
  },
  {
    name: 'validate',
    summary: 'Check manifests without a server',
    load: async () => (await import('./commands/validate.ts')).validateCommand,
  },
  {
    name: 'ca init',
    summary: 'Make a certificate authority',
    load: async () => (await import('./commands/ca/init.ts')).caInitCommand,
  },
  {
    name: 'ca issue',
    summary: 'Issue a certificate for a server, a host or a person',
    load: async () => (await import('./commands/ca/issue.ts')).caIssueCommand,
  },
  {
    name: 'kubeconfig',
    summary: 'Print a configuration for plain kubectl',
    load: async () => (await import('./commands/kubeconfig.ts')).kubeconfigCommand,
  },
  {
    name: 'ipam show',
    summary: 'Show how full pools are, who has an address, who borrows, or the settings',
    load: async () => (await import('./commands/ipam/show.ts')).ipamShowCommand,
  },
  {
    name: 'ipam check',
    summary: 'Find leaked addresses and other inconsistencies',
    load: async () => (await import('./commands/ipam/check.ts')).ipamCheckCommand,
  },
  {
    name: 'ipam release',
    summary: 'Give back an address, or what reports agree is leaked',
    load: async () => (await import('./commands/ipam/release.ts')).ipamReleaseCommand,
  },
  {
    name: 'ipam split',
    summary: 'Cut a pool into equal parts',
    load: async () => (await import('./commands/ipam/split.ts')).ipamSplitCommand,
  },
  {
    name: 'ipam configure',
    summary: 'Change the settings of IPAM',
    load: async () => (await import('./commands/ipam/configure.ts')).ipamConfigureCommand,
  },
  {
    name: 'token create',
    summary: 'Print a token for a service account',
    load: async () => (await import('./commands/token/create.ts')).tokenCreateCommand,
  },
  {
    name: 'node join',
    summary: 'Make this host a node, by a join token',
    load: async () => (await import('./commands/node/join.ts')).nodeJoinCommand,
  },
  {
    name: 'node token create',
    summary: 'Print a token that a host joins with',
    load: async () => (await import('./commands/node/token/create.ts')).nodeTokenCreateCommand,
  },
  {
    name: 'node token list',
    summary: 'Show the join tokens',
    load: async () => (await import('./commands/node/token/list.ts')).nodeTokenListCommand,
  },
  {
    name: 'node token revoke',
    summary: 'End a join token',
    load: async () => (await import('./commands/node/token/revoke.ts')).nodeTokenRevokeCommand,
  },
  {
    name: 'node status',
    summary: 'Show how the agent of this machine is',
    load: async () => (await import('./commands/node/status.ts')).nodeStatusCommand,
  },
  {
    name: 'node checksystem',
    summary: 'Try whether this machine can do what the agent needs',
    load: async () => (await import('./commands/node/checksystem.ts')).nodeChecksystemCommand,
  },
  {
    name: 'node diags',
    summary: 'Gather what explains the state of this machine',
    load: async () => (await import('./commands/node/diags.ts')).nodeDiagsCommand,
  },
  {
    name: 'node run',
    summary: 'Say how the agent is started',
    load: async () => (await import('./commands/node/run.ts')).nodeRunCommand,
  },
  {
    name: 'cluster diags',
    summary: 'Gather what the API knows of the cluster',
    load: async () => (await import('./commands/cluster/diags.ts')).clusterDiagsCommand,
  },
  {
    name: 'version',
    summary: 'Show the version of this client and of the cluster',
    load: async () => (await import('./commands/version.ts')).versionCommand,
  },
  {
    name: 'datastore backup',
    summary: 'Back up a running store into one file',
    load: async () => (await import('./commands/datastore/backup.ts')).backupCommand,
  },
  {
    name: 'datastore restore',
    summary: 'Restore a backup, verified first',
    load: async () => (await import('./commands/datastore/restore.ts')).restoreCommand,
  },
  {
    name: 'datastore check',
    summary: 'Verify every key, and the files of a stopped server',
    load: async () => (await import('./commands/datastore/check.ts')).checkCommand,
  },
  {
    name: 'datastore compact',
    summary: 'Forget history, give room back',
    load: async () => (await import('./commands/datastore/compact.ts')).compactCommand,
  },
  {
    name: 'datastore status',
    summary: 'Show how the store is and what it holds',
    load: async () => (await import('./commands/datastore/status.ts')).statusCommand,
  },
  {
    name: 'datastore migrate-policy-names',
    summary: 'Rename policies that an older version stored',
    load: async () => (await import('./commands/datastore/migrate-policy-names.ts')).migratePolicyNamesCommand,
  },
  {
    name: 'datastore migrate lock',
    summary: 'Lock the store before it is moved',
    load: async () => (await import('./commands/datastore/migrate/lock.ts')).lockCommand,
  },
  {
    name: 'datastore migrate export',
    summary: 'Print everything of a locked store',
    load: async () => (await import('./commands/datastore/migrate/export.ts')).exportCommand,
  },
  {
    name: 'datastore migrate import',
    summary: 'Write an export into an empty store',
    load: async () => (await import('./commands/datastore/migrate/import.ts')).importCommand,
  },
  {
    name: 'datastore migrate unlock',
    summary: 'Unlock the store after it was moved',
    load: async () => (await import('./commands/datastore/migrate/unlock.ts')).unlockCommand,
  },
];
