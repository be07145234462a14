/** The kinds calicoctl knows, by the words people type and by what manifests say. Pure. */
import type { KindDefinition } from '#appliance/resources/define.ts';
import { findKindByAlias, kindOf } from '#appliance/resources/registry.ts';
import { cliError, usageError } from './errors.ts';

/** The kind that a word on the command line means, in any case. Throws CLI_USAGE when there is none. */
export function kindByWord(word: string): KindDefinition {
  const kind = findKindByAlias(word.toLowerCase());
  if (kind === undefined || kind.aliases.length === 0) throw usageError(`resource type '${word}' is not supported`);
  return kind;
}

/** The kind of a manifest; both words must match exactly. Throws CLI_INPUT otherwise. */
export function kindOfManifest(kind: unknown, apiVersion: unknown, where: string): KindDefinition {
  const definition = typeof kind === 'string' ? kindOf(kind) : undefined;
  if (definition === undefined || definition.aliases.length === 0 || apiVersion !== 'projectcalico.org/v3') {
    const named = `unknown resource type (${wordOf(kind)}) and/or version (${wordOf(apiVersion)})`;
    throw cliError('CLI_INPUT', `${where}: ${named}`);
  }
  return definition;
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
