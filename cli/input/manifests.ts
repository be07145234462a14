/**
 * Everything `-f` names -> the resources to work on, in file order, checked before the first of them is written.
 * Unknown fields, unknown kinds and wrong namespaces stop the command; broken rules are kept with their resource. I/O: reads files.
 */
import { isRecord } from '#appliance/lib/is-record.ts';
import { type Problem, printProblems } from '#appliance/lib/problem.ts';
import { decodeResource } from '#appliance/resources/decode.ts';
import type { ObjectMeta, Resource } from '#appliance/resources/resource.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, usageError } from '../errors.ts';
import { isSet, listFlag } from '../flags.ts';
import type { KindRef } from '../kind-refs.ts';
import { kindOfManifest } from '../kinds.ts';
import { manifestNamespace, namespaceChoice } from '../namespace.ts';
import type { Named } from '../run-each.ts';
import { type Document, parseDocuments } from './documents.ts';
import { readInput } from './files.ts';

/** One resource of a file, reduced to what its author may say. */
export interface Manifest extends Named {
  readonly resource: Resource;
  /** The rules it breaks; with any, `resource` is as it was read and must not be sent. */
  readonly problems: readonly Problem[];
  /** What the file says of it, without the defaults that `resource` has filled in. */
  readonly written: Resource;
  /** `file:line`. */
  readonly where: string;
}

/** `isOffline`: kinds and fields this client does not know are wrong, without asking whether the server knows them. */
export interface ReadOptions {
  readonly isOffline?: boolean;
}

/** All manifests of the `-f` flags. Throws CLI_INPUT when nothing or something unreadable is there. */
export async function readManifests(
  context: CliContext,
  flags: FlagValues,
  options: ReadOptions = {},
): Promise<Manifest[]> {
  const known: Knowledge = options.isOffline === true ? nothingMore : serverKnowledge(context, flags);
  const paths = listFlag(flags, 'filename');
  if (paths.length === 0) throw usageError('resources must be specified using the --filename (-f) flag');
  const manifests: Manifest[] = [];
  for (const path of paths) {
    const input = await readInput(context, path, isSet(flags, 'recursive'));
    let count = 0;
    for (const { name, text } of input.texts) {
      const found = await readText(name, text, flags, known);
      count += found.length;
      manifests.push(...found);
    }
    if (count === 0 && !isSet(flags, 'skipEmpty')) {
      throw failed(`no resources specified in ${input.isDirectory ? 'directory' : 'file'} ${path}`);
    }
  }
  return manifests;
}

/** What the server knows beyond this client; asked only when something is not understood. */
interface Knowledge {
  findKind(kind: unknown, apiVersion: unknown): Promise<KindRef | undefined>;
  isNewer(): Promise<boolean>;
}

const nothingMore: Knowledge = { findKind: async () => undefined, isNewer: async () => false };

function serverKnowledge(context: CliContext, flags: FlagValues): Knowledge {
  let isNewer: Promise<boolean> | undefined;
  return {
    async findKind(kind, apiVersion) {
      const { discoverKind } = await import('../discover.ts');
      return discoverKind(context, flags, (served) => served.kind === kind && served.apiVersion === apiVersion);
    },
    isNewer() {
      isNewer ??= import('../server-release.ts').then(({ isServerNewer }) => isServerNewer(context, flags));
      return isNewer;
    },
  };
}

async function readText(name: string, text: string, flags: FlagValues, known: Knowledge): Promise<Manifest[]> {
  try {
    const documents = (await parseDocuments(text, name)).flatMap(flatten);
    const manifests: Manifest[] = [];
    for (const document of documents) manifests.push(await toManifest(document, flags, known));
    return manifests;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'CLI_INPUT') throw failed(error.message);
    throw error;
  }
}

function failed(message: string): Error {
  return cliError('CLI_INPUT', `failed to execute command: ${message}`);
}

/** Arrays, typed lists and `kind: List` stand for what they hold. */
function flatten(document: Document): Document[] {
  const { value, where } = document;
  if (Array.isArray(value)) return value.flatMap((item: unknown) => flatten({ value: item, where }));
  if (!isRecord(value)) return [document];
  const { kind, apiVersion, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [document];
  const inherited = kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), apiVersion };
  return items.flatMap((item: unknown) => flatten({ value: isRecord(item) ? { ...inherited, ...item } : item, where }));
}

async function toManifest(document: Document, flags: FlagValues, known: Knowledge): Promise<Manifest> {
  const { value, where } = document;
  if (!isRecord(value)) throw cliError('CLI_INPUT', `${where}: document is not a resource`);
  const kind = await kindOf(value, where, known);
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const namespace = manifestNamespace(kind, textOf(metadata.namespace), namespaceChoice(flags));
  const { status: _status, ...wanted } = value;
  const placed = { ...wanted, metadata: withoutServerFields(value.metadata ?? {}, namespace) };
  const written = placed as unknown as Resource;
  const { resource, problems } = await understand(kind, written, where, known);
  const [name, resourceVersion] = [textOf(metadata.name) ?? '', textOf(metadata.resourceVersion)];
  return { kind, name, namespace, resourceVersion, resource, written, problems, where };
}

async function kindOf(value: Record<string, unknown>, where: string, known: Knowledge): Promise<KindRef> {
  try {
    return kindOfManifest(value.kind, value.apiVersion, where);
  } catch (error) {
    const found = await known.findKind(value.kind, value.apiVersion);
    if (found === undefined) throw error;
    return found;
  }
}

/** Decodes what this client knows. A field it does not know is a slip, unless the server is of a later release: then the server is to judge. */
async function understand(kind: KindRef, written: Resource, where: string, known: Knowledge) {
  if (kind.isDiscovered === true) return { resource: written, problems: [] };
  const decoded = decodeResource(written, 'create');
  if (decoded.ok) return { resource: decoded.value, problems: [] };
  if (!decoded.problems.some(isUnknownField)) return { resource: written, problems: decoded.problems };
  if (await known.isNewer()) return { resource: written, problems: [] };
  refuseUnknownFields(decoded.problems, where);
  return { resource: written, problems: decoded.problems };
}

/** What the server writes; left out so that an exported resource can be applied again. */
const serverFields: readonly (keyof ObjectMeta | 'selfLink' | 'deletionGracePeriodSeconds' | 'managedFields')[] = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
  'selfLink',
  'generateName',
];

function withoutServerFields(metadata: unknown, namespace: string | undefined): unknown {
  if (!isRecord(metadata)) return metadata;
  const kept = Object.entries(metadata).filter(([key]) => !(serverFields as readonly string[]).includes(key));
  const { namespace: _inFile, ...rest } = Object.fromEntries(kept);
  return namespace === undefined ? rest : { ...rest, namespace };
}

/** A field nobody knows is a slip of the pen: nothing is written until it is corrected. Whatever else is wrong is said with it. */
function refuseUnknownFields(problems: readonly Problem[], where: string): void {
  if (!problems.some(isUnknownField)) return;
  const lines = problems.map((problem) =>
    isUnknownField(problem)
      ? `${where}: field in document is not recognized or is in the wrong location: ${problem.path}`
      : `${where}: ${printProblems([problem])}`,
  );
  throw cliError('CLI_INPUT', lines.join('\n'));
}

function isUnknownField({ message }: Problem): boolean {
  return message === 'unknown field';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
