/** Renders docs/reference/calicoctl.md from the commands and the kinds themselves; a test compares. Pure. */
import type { KindDefinition } from '#appliance/resources/define.ts';
import type { CommandEntry } from './command.ts';
import { cliErrors, exitCodes } from './errors.ts';
import { type KindRef, kindRefs } from './kind-refs.ts';
import { commandParser } from './program.ts';

/** The page as Markdown. */
export async function renderReference(entries: readonly CommandEntry[]): Promise<string> {
  const commands = await Promise.all(entries.map(renderCommand));
  const kinds = await Promise.all(kindRefs.map(async (ref) => renderKind(ref, await ref.load())));
  return `${introduction}
## Exit codes

| Code | Meaning |
|---|---|
${Object.entries(exitCodeMeanings)
  .map(([name, meaning]) => `| ${exitCodes[name as keyof typeof exitCodes]} | ${meaning} |`)
  .join('\n')}

When several objects fail for the same reason, the code is that reason's; when some worked, it is ${exitCodes.partial}. All errors go to stderr.

## Which API server

${connection}
## Commands

${commands.join('\n')}
## Kinds

Words are taken in any case. A column in *italics* is shown only with \`-o wide\`; \`custom-columns\` takes any of them.

| Kind | Words | Scope | Columns |
|---|---|---|---|
${kinds.join('\n')}

## Error codes

${Object.entries(cliErrors.rows)
  .map(([code, { message }]) => `- \`${code}\`: ${message}`)
  .join('\n')}
`;
}

const introduction = `# calicoctl

<!-- Generated from cli/ by test/cli/reference.test.ts (BLESS=1); not to be edited. -->

Manages the resources of \`projectcalico.org/v3\` through the API server. Commands, aliases, tables and sentences are those of Calico's
own calicoctl; what goes further stands behind flags of its own, and: \`patch\` honours all three patch types, \`label\` takes several labels,
\`kind: List\`, repeated \`-f\` and URLs are understood, an apply that changes nothing writes nothing, and exit codes tell failures apart.
A cluster up to two minor versions older or newer is worked with after a warning; kinds and fields that only the server knows can be got,
edited and applied.

\`-l\` before the command's name is the log level, as upstream has it; after the name of a command that lists \`--selector\` it selects by labels.
In Go templates \`.\` is the list of resources, as upstream has it; it answers to the fields of a single resource and to \`.items\` of a list too, so
that templates for kubectl work. Fields go by their JSON names or by those of Calico's Go structs (\`.ObjectMeta.Name\`); whole numbers are
integers. JSONPath is kubectl's, \`.\` being the resource or the list.

Manifests are YAML or JSON: one object, an array, a typed list or \`kind: List\`, in any number of documents. All files are read and
checked for unknown fields before the first object is written. Malformed text is reported as \`file:line:column: what\`; repeated keys
and integers beyond 2^53 are refused. \`status\` and server-kept metadata in a manifest are left out, so that exported files apply.
`;

export const exitCodeMeanings: Record<keyof typeof exitCodes, string> = {
  ok: 'everything asked for was done',
  failure: 'a failure that is none of the following, broken rules among them',
  usage: 'the command line cannot be understood',
  partial: 'some objects worked, others did not',
  notFound: 'the object does not exist',
  conflict: 'the object exists already, or was changed by somebody else',
  unreachable: 'the API server cannot be reached',
  timeout: 'what was waited for did not come in time',
};

const connection = `The first of these that has an address decides:

1. \`--api\`: \`unix:/path\`, \`http://127.0.0.1:PORT\` (loopback only) or \`https://HOST:PORT\`
2. the context named by \`--context\`
3. \`CALICO_API_SOCKET\`, then \`CALICO_API_ENDPOINT\`, of the same forms
4. the context named by \`CALICO_CONTEXT\`, else the current context
5. \`spec.apiEndpoint\` of the person's configuration file: \`$XDG_CONFIG_HOME/calico/calicoctl.cfg\` (\`~/.config\`)
6. \`spec.apiEndpoint\` of the host's: \`$CALICO_CONFIG_DIR/calicoctl.cfg\` (\`/etc/calico\`)
7. an etcd that a file names (below)
8. \`unix:$CALICO_RUN_DIR/api.sock\` (\`/run/calico\`)

\`--config\` names a file that is read in place of both. For https, \`apiCACertFile\`, \`apiCertFile\`, \`apiKeyFile\` and \`apiTokenFile\` in a file,
or \`CALICO_API_CA_CERT_FILE\`, \`CALICO_API_CERT_FILE\`, \`CALICO_API_KEY_FILE\` and \`CALICO_API_TOKEN_FILE\`, name the files that prove who is asking;
\`apiCACert\`, \`apiCert\`, \`apiKey\` and \`apiToken\` (\`CALICO_API_TOKEN\`) are the texts themselves. Each is taken from the first place above that has it.
A context is one thing: what it says of certificates and tokens goes to its own server only, and nothing from elsewhere goes there.
\`calicoctl config view\` says where each value comes from.

\`DATASTORE_TYPE=etcdv3\`, \`ETCD_ENDPOINTS\` or \`ETCD_DISCOVERY_SRV\` (each also as \`CALICO_...\`) stand between 3 and 4: then, and with \`spec.datastoreType: etcdv3\` or
\`spec.etcdEndpoints\` and no API server, a command goes straight to that etcd, with upstream's other settings for it (\`ETCD_CA_CERT_FILE\`, \`ETCD_CERT_FILE\`, \`ETCD_KEY_FILE\`,
\`ETCD_USERNAME\`, \`ETCD_PASSWORD\`, or their fields in the file). Rules, tables and exit codes are the same; nobody is asked for leave, and no audit is kept. Upstream reads the
environment only when there is no file; here both count, and the environment comes first.

The file is of kind \`CalicoAPIConfig\` and read strictly. A datastore of type \`kubernetes\` is an error without an API server named as well.
The \`datastore\` commands always work on a store itself ([backup, restore and migration](../datastore.md)), and \`node\` commands on this machine.

\`\`\`yaml
apiVersion: projectcalico.org/v3
kind: CalicoAPIConfig
metadata: {}
spec:
  apiEndpoint: unix:/run/calico/api.sock
  currentContext: lab
  contexts:
  - name: lab
    apiEndpoint: https://192.0.2.1:5443
    apiCACertFile: /home/eve/calico/ca.crt
    apiTokenFile: /home/eve/calico/token
\`\`\`
`;

async function renderCommand(entry: CommandEntry): Promise<string> {
  const command = await entry.load();
  const help = commandParser(entry.name, command, { out() {}, err() {} }).helpInformation();
  const examples = command.examples.map((example) => `${example}\n`).join('');
  return `### ${entry.name}\n\n\`\`\`text\n${help}\nExamples:\n${examples}\`\`\`\n`;
}

function renderKind(ref: KindRef, { columns }: KindDefinition): string {
  const shown = new Set(columns.ps.map((column) => column.heading));
  const wide = columns.wide.map(({ heading }) => (shown.has(heading) ? heading : `*${heading}*`));
  const narrow = [...shown].filter((heading) => !columns.wide.some((column) => column.heading === heading));
  const scope = ref.isNamespaced ? 'namespace' : 'cluster';
  const kind = ref.isReadOnly ? `${ref.kind} (read-only)` : ref.kind;
  return `| ${kind} | ${ref.words.join(', ')} | ${scope} | ${[...narrow, ...wide].join(', ')} |`;
}
