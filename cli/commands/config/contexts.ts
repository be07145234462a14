/** `calicoctl config *-context(s)`: the named API servers of a configuration file. Comments in the file stay. I/O. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Document } from 'yaml';
import type { Command, FlagValues } from '../../command.ts';
import { contextsOf, currentContextOf, personalConfigPath, readConfigFile, readConfigFiles } from '../../config.ts';
import type { CliContext } from '../../context.ts';
import { parseEndpoint } from '../../endpoint.ts';
import { cliError, exitCodes, usageError } from '../../errors.ts';
import { textFlag } from '../../flags.ts';
import { alignColumns } from '../../output/tabwriter.ts';

const configFlag = {
  flags: '-c, --config <path>',
  description: 'the file to read and change (default: ~/.config/calico/calicoctl.cfg)',
};
const none = { min: 0, max: 0 };
const one = { min: 1, max: 1 };

export const getContextsCommand: Command = {
  usage: '[flags]',
  description: 'Lists the contexts; a star stands before the current one.',
  flags: [configFlag],
  examples: ['calicoctl config get-contexts'],
  positionals: none,
  async run(context, _positionals, flags) {
    const files = await readConfigFiles(context.env, textFlag(flags, 'config'));
    const current = currentOf(context, files);
    const rows = files.flatMap(({ path, spec }) =>
      contextsOf(spec).map(({ name, apiEndpoint }) => [
        name === current ? '*' : '',
        String(name),
        String(apiEndpoint),
        path,
      ]),
    );
    context.out(`${alignColumns([['CURRENT', 'NAME', 'SERVER', 'FILE'], ...rows])}\n`);
    return exitCodes.ok;
  },
};

export const currentContextCommand: Command = {
  usage: '[flags]',
  description: 'Shows the name of the context in use.',
  flags: [configFlag],
  examples: ['calicoctl config current-context'],
  positionals: none,
  async run(context, _positionals, flags) {
    const current = currentOf(context, await readConfigFiles(context.env, textFlag(flags, 'config')));
    if (current === undefined) throw cliError('CLI_NOT_FOUND', 'current context is not set');
    context.out(`${current}\n`);
    return exitCodes.ok;
  },
};

export const useContextCommand: Command = {
  usage: 'NAME [flags]',
  description: 'Uses a context from now on.',
  flags: [configFlag],
  examples: ['calicoctl config use-context lab'],
  positionals: one,
  async run(context, [name = ''], flags) {
    const files = await readConfigFiles(context.env, textFlag(flags, 'config'));
    if (!files.some(({ spec }) => contextsOf(spec).some((known) => known.name === name))) throw unknown(name);
    await changeFile(context, flags, (document) => document.setIn(['spec', 'currentContext'], name));
    context.out(`Switched to context "${name}".\n`);
    return exitCodes.ok;
  },
};

export const setContextCommand: Command = {
  usage: 'NAME [--api ADDRESS] [flags]',
  description: 'Adds a context, or changes what is given of one. Inline certificates and tokens are written by hand.',
  flags: [
    { flags: '--api <address>', description: 'API server: unix:/path, http://127.0.0.1:PORT or https://HOST:PORT' },
    { flags: '--ca-file <path>', description: 'certificate of the authority' },
    { flags: '--cert-file <path>', description: 'certificate that says who asks' },
    { flags: '--key-file <path>', description: 'its key' },
    { flags: '--token-file <path>', description: 'file with a bearer token' },
    configFlag,
  ],
  examples: ['calicoctl config set-context lab --api https://192.0.2.1:5443 --ca-file ca.crt --token-file token'],
  positionals: one,
  async run(context, [name = ''], flags) {
    if (!/^[\w.@:-]+$/.test(name)) throw usageError(`'${name}' is no name for a context`);
    const given = contextFields.flatMap(([flag, field]) => {
      const value = textFlag(flags, flag);
      return value === undefined ? [] : [[field, value] as const];
    });
    const api = textFlag(flags, 'api');
    if (api !== undefined) parseEndpoint(api);
    let isNew = false;
    await changeFile(context, flags, (document, contexts) => {
      const at = contexts.findIndex((known) => known.name === name);
      isNew = at < 0;
      if (isNew && api === undefined) throw usageError('a new context needs the API server: --api');
      const value = { ...(isNew ? { name } : contexts[at]), ...Object.fromEntries(given) };
      if (isNew && contexts.length === 0) document.setIn(['spec', 'contexts'], document.createNode([value]));
      else document.setIn(['spec', 'contexts', isNew ? contexts.length : at], document.createNode(value));
    });
    context.out(`Context "${name}" ${isNew ? 'created' : 'modified'}.\n`);
    return exitCodes.ok;
  },
};

const contextFields = [
  ['api', 'apiEndpoint'],
  ['caFile', 'apiCACertFile'],
  ['certFile', 'apiCertFile'],
  ['keyFile', 'apiKeyFile'],
  ['tokenFile', 'apiTokenFile'],
] as const;

export const deleteContextCommand: Command = {
  usage: 'NAME [flags]',
  description: 'Forgets a context. Files it names stay.',
  flags: [configFlag],
  examples: ['calicoctl config delete-context lab'],
  positionals: one,
  async run(context, [name = ''], flags) {
    await changeFile(context, flags, (document, contexts) => {
      const at = contexts.findIndex((known) => known.name === name);
      if (at < 0) throw unknown(name);
      document.deleteIn(['spec', 'contexts', at]);
      if (document.getIn(['spec', 'currentContext']) === name) document.deleteIn(['spec', 'currentContext']);
    });
    context.out(`deleted context ${name}\n`);
    return exitCodes.ok;
  },
};

function currentOf(context: CliContext, files: Awaited<ReturnType<typeof readConfigFiles>>): string | undefined {
  return context.env.CALICO_CONTEXT ?? currentContextOf(files);
}

function unknown(name: string): Error {
  return cliError('CLI_NOT_FOUND', `there is no context '${name}'; see calicoctl config get-contexts`);
}

type Change = (document: Document, contexts: readonly Readonly<Record<string, unknown>>[]) => void;

/** Changes the file, or makes it: readable by its owner alone, and replaced at once. */
async function changeFile(context: CliContext, flags: FlagValues, change: Change): Promise<void> {
  const path = textFlag(flags, 'config') ?? personalConfigPath(context.env);
  if (path === undefined) throw usageError('there is no home directory for the configuration: give --config');
  const { parseDocument } = await import('yaml');
  const text = readText(path) ?? 'apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata: {}\nspec: {}\n';
  const spec = readText(path) === undefined ? {} : await readConfigFile(context.env, path);
  const document = parseDocument(text);
  change(document as Document, contextsOf(spec));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, document.toString({ lineWidth: 0 }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cliError('CLI_CONFIG', `Error reading config file: ${path}: ${(error as Error).message}`);
  }
}
