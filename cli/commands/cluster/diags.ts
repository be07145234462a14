/** `calicoctl cluster diags`: gathers what the API knows of the whole cluster. I/O. */
import { tmpdir } from 'node:os';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes } from '../../errors.ts';
import { connectionFlags, textFlag } from '../../flags.ts';
import { kindRefs } from '../../kind-refs.ts';
import { type Source, writeBundle } from '../../node/bundle.ts';
import { withTransport } from '../../session.ts';
import type { Transport } from '../../transport.ts';

const root = '/apis/projectcalico.org/v3';
/** Kinds with few objects, whose past explains most. */
const remembered = ['clusterinformations', 'felixconfigurations', 'bgpconfigurations', 'tiers', 'ippools'];
const objectsMax = 20;

export const clusterDiagsCommand: Command = {
  usage: '[--output-dir DIRECTORY] [--focus-nodes NAMES] [flags]',
  description:
    'Gathers all resources, the state of IPAM, what nodes report and the past of the main settings in one .tar.gz with a manifest, through the API: ' +
    'no kubectl and no access to machines is needed. Passwords, tokens and keys are taken out. For a machine itself see node diags.',
  flags: [
    { flags: '--output-dir <path>', description: 'where the bundle goes (default: the directory you are in)' },
    { flags: '--focus-nodes <names>', description: 'status of these nodes only, separated by commas' },
    ...['--since <duration>', '--max-logs <n>', '--max-parallelism <n>', '--skip-temp-dir-cleanup'].map((flags) => ({
      flags,
      description: 'taken and not needed',
      isHidden: true,
    })),
    ...connectionFlags,
  ],
  examples: ['calicoctl cluster diags', 'calicoctl cluster diags --focus-nodes web-1,web-2'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const focus = textFlag(flags, 'focusNodes')?.split(',') ?? [];
  return withTransport(context, flags, async (transport) => {
    const sources = await sourcesOf(transport, focus);
    const directory = textFlag(flags, 'outputDir') ?? context.env.PWD ?? tmpdir();
    const path = await writeBundle(directory, 'calico-diagnostics', new Date(), sources);
    context.out(`Diags saved to ${path}\n`);
    return exitCodes.ok;
  });
}

async function sourcesOf(transport: Transport, focus: readonly string[]): Promise<Source[]> {
  const ask = (file: string, path: string): Source => ({ type: 'text', file, read: () => read(transport, path) });
  const resources = kindRefs
    .filter(({ plural }) => focus.length === 0 || !['nodes', 'caliconodestatuses'].includes(plural))
    .map(({ plural }) => ask(`resources/${plural}.json`, `${root}/${plural}`));
  const nodes = focus.map((name) => ask(`resources/nodes/${name}.json`, `${root}/nodes/${encodeURIComponent(name)}`));
  return [
    ask('version.json', '/version'),
    ...resources,
    ...nodes,
    ...['utilisation', 'check', 'borrowed', 'configuration'].map((part) =>
      ask(`ipam/${part}.json`, `${root}/ipam/${part}`),
    ),
    ...(await histories(transport, ask)),
  ];
}

async function histories(transport: Transport, ask: (file: string, path: string) => Source): Promise<Source[]> {
  const found: Source[] = [];
  for (const plural of remembered) {
    const { body } = await transport.request('GET', `${root}/${plural}?limit=${objectsMax}`);
    const items = (body as { items?: { metadata: { name: string } }[] } | undefined)?.items ?? [];
    for (const { metadata } of items)
      found.push(
        ask(
          `history/${plural}/${metadata.name}.json`,
          `${root}/${plural}/${encodeURIComponent(metadata.name)}/history`,
        ),
      );
  }
  return found;
}

/** The answer as text that people can read; a refusal becomes a line of the manifest. */
async function read(transport: Transport, path: string): Promise<string> {
  const { status, body } = await transport.request('GET', path);
  if (status !== 200) throw new Error((body as { message?: string } | undefined)?.message ?? `HTTP status ${status}`);
  return `${JSON.stringify(body, null, 2)}\n`;
}
