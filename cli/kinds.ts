/** The kinds calicoctl knows, by the words people type and by what manifests say. Pure. */
import { cliError, usageError } from './errors.ts';
import { type KindRef, kindRefs } from './kind-refs.ts';

/** The kind that a word on the command line means, in any case. Throws CLI_USAGE when there is none. */
export function kindByWord(word: string): KindRef {
  const lower = word.toLowerCase();
  const ref = kindRefs.find(({ words }) => words.includes(lower));
  if (ref === undefined) throw usageError(`resource type '${word}' is not supported`);
  return ref;
}

/** The kind of a manifest; both words must match exactly. Throws CLI_INPUT otherwise. */
export function kindOfManifest(kind: unknown, apiVersion: unknown, where: string): KindRef {
  const ref = kindRefs.find((candidate) => candidate.kind === kind);
  if (ref !== undefined && apiVersion === 'projectcalico.org/v3') return ref;
  const named = `unknown resource type (${wordOf(kind)}) and/or version (${wordOf(apiVersion)})`;
  throw cliError('CLI_INPUT', `${where}: ${named}`);
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
