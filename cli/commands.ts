/** The list of commands. A command's file is loaded only when the command runs. */
import type { CommandEntry } from './command.ts';

/** What the help says of commands that stand together under a word. */
export const commandGroups: Readonly<Record<string, string>> = {
  auth: 'Ask who you are and what you may do',
  config: 'Show and change which API servers calicoctl knows',
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
    summary: 'Show resources: tables, YAML, JSON, templates, and as they change',
    load: async () => (await import('./commands/get.ts')).getCommand,
  },
  {
    name: 'history',
    summary: 'Show the versions of a resource that the store still has',
    load: async () => (await import('./commands/history.ts')).historyCommand,
  },
  {
    name: 'diff',
    summary: 'Show what an apply would change, or what changed between two revisions',
    load: async () => (await import('./commands/diff.ts')).diffCommand,
  },
  {
    name: 'patch',
    summary: 'Change part of a resource',
    load: async () => (await import('./commands/patch.ts')).patchCommand,
  },
  {
    name: 'label',
    summary: 'Set or remove labels of resources',
    load: async () => (await import('./commands/label.ts')).labelCommand,
  },
  {
    name: 'annotate',
    summary: 'Set or remove annotations of resources',
    load: async () => (await import('./commands/annotate.ts')).annotateCommand,
  },
  {
    name: 'edit',
    summary: 'Change resources in an editor',
    load: async () => (await import('./commands/edit.ts')).editCommand,
  },
  {
    name: 'describe',
    summary: 'Show resources in words, with what they mean together',
    load: async () => (await import('./commands/describe.ts')).describeCommand,
  },
  {
    name: 'explain',
    summary: 'Explain the fields of a kind',
    load: async () => (await import('./commands/explain.ts')).explainCommand,
  },
  {
    name: 'wait',
    summary: 'Wait until resources are as they should be',
    load: async () => (await import('./commands/wait.ts')).waitCommand,
  },
  {
    name: 'validate',
    summary: 'Check manifests without a server',
    load: async () => (await import('./commands/validate.ts')).validateCommand,
  },
  {
    name: 'api-resources',
    summary: 'List the kinds there are',
    load: async () => (await import('./commands/api-resources.ts')).apiResourcesCommand,
  },
  {
    name: 'auth can-i',
    summary: 'Ask whether you may do something',
    load: async () => (await import('./commands/auth/can-i.ts')).canICommand,
  },
  {
    name: 'auth whoami',
    summary: 'Show who the server takes you for',
    load: async () => (await import('./commands/auth/whoami.ts')).whoamiCommand,
  },
  {
    name: 'config view',
    summary: 'Show the configuration and where it comes from',
    load: async () => (await import('./commands/config/view.ts')).configViewCommand,
  },
  {
    name: 'config get-contexts',
    summary: 'List the contexts',
    load: async () => (await import('./commands/config/contexts.ts')).getContextsCommand,
  },
  {
    name: 'config current-context',
    summary: 'Show the context in use',
    load: async () => (await import('./commands/config/contexts.ts')).currentContextCommand,
  },
  {
    name: 'config use-context',
    summary: 'Use another context from now on',
    load: async () => (await import('./commands/config/contexts.ts')).useContextCommand,
  },
  {
    name: 'config set-context',
    summary: 'Add or change a context',
    load: async () => (await import('./commands/config/contexts.ts')).setContextCommand,
  },
  {
    name: 'config delete-context',
    summary: 'Forget a context',
    load: async () => (await import('./commands/config/contexts.ts')).deleteContextCommand,
  },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
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
    name: 'node init',
    summary: "Write this host's settings, by questions or flags",
    load: async () => (await import('./commands/node/init.ts')).nodeInitCommand,
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
    name: 'node config',
    summary: 'Show the settings of the agent of this machine, and where each comes from',
    load: async () => (await import('./commands/node/config.ts')).nodeConfigCommand,
  },
  {
    name: 'node hits',
    summary: 'Show what the policies of this machine decided on',
    load: async () => (await import('./commands/node/hits.ts')).nodeHitsCommand,
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
    name: 'node uninstall',
    summary: 'End the services of this host, and take their work back',
    load: async () => (await import('./commands/node/uninstall.ts')).nodeUninstallCommand,
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
