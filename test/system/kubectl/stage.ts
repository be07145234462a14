/** What the steps of a kind's session work with: its words for kubectl, its manifests, and checks that note every failure instead of ending at the first. */
import { decodeResource } from '#appliance/resources/decode.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { Run, World } from './world.ts';

export interface Expected {
  /** Exit code; 0 when absent. */
  readonly code?: number;
  /** What both streams together must say. */
  readonly says?: RegExp;
  readonly input?: string;
  readonly env?: Record<string, string>;
}

export interface Stage {
  readonly world: World;
  readonly kind: KindDefinition;
  readonly minor: number;
  readonly name: string;
  /** `-n NAMESPACE`, or nothing. */
  readonly scope: readonly string[];
  /** The kind as kubectl takes it: `plural.group`. */
  readonly qualified: string;
  /** The kind as kubectl prints it: `singular.group`. */
  readonly printed: string;
  /** The one object: type, name, namespace. */
  readonly one: readonly string[];
  /** URL path of the one object. */
  readonly path: string;
  /** The example, with changes to its metadata. */
  manifest(metadata?: Record<string, unknown>): string;
  /** The same under another name, when the kind allows one. */
  another(metadata: Record<string, unknown>): string | undefined;
  /** Runs a command and notes what is not as expected; returns stdout. */
  say(words: readonly string[], expected?: Expected): Promise<string>;
  /** Notes a failure when a condition does not hold. */
  hold(condition: boolean, what: string): void;
  /** The object as the server has it. */
  read(): Promise<Resource>;
  /** Makes sure that the object is there, just made from the example. */
  present(): Promise<void>;
  absent(): Promise<void>;
}

/** The kind with its group, as kubectl takes it and prints it; the core group has no name. */
function withGroup(word: string, { group }: KindDefinition): string {
  return group === '' ? word : `${word}.${group}`;
}

/** What is made in a session: a namespace of its own, for the example's has others' objects in it. */
function exampleOf(kind: KindDefinition): Resource {
  const { example } = kind;
  return kind.kind === 'Namespace' ? { ...example, metadata: { ...example.metadata, name: 'session' } } : example;
}

/** The stage of one kind; failures go to `failures`, each with the command. */
export function setStage(world: World, kind: KindDefinition, failures: string[]): Stage {
  const example = exampleOf(kind);
  const { name, namespace } = example.metadata;
  const scope = namespace === undefined ? [] : ['-n', namespace];
  const qualified = withGroup(kind.plural, kind);
  const one = [qualified, name, ...scope];
  const within = namespace === undefined ? '' : `namespaces/${namespace}/`;
  const path = `${kind.group === '' ? '/api' : '/apis'}/${kind.example.apiVersion}/${within}${kind.plural}/${name}`;
  const fail = (what: string) => failures.push(`${world.kubectl.version} ${kind.kind}: ${what}`);
  const manifest = (metadata: Record<string, unknown> = {}) =>
    JSON.stringify({ ...example, metadata: { ...example.metadata, ...metadata } });
  const say = async (words: readonly string[], expected: Expected = {}) => {
    const run = await world.run(words, expected.input, expected.env);
    const wrong = compare(run, expected);
    if (wrong !== undefined) fail(`kubectl ${words.join(' ')}: ${wrong}`);
    return run.stdout;
  };
  return {
    world,
    kind,
    minor: world.kubectl.minor,
    name,
    scope,
    qualified,
    one,
    path,
    printed: withGroup(kind.singular, kind),
    manifest,
    another: (metadata) => anotherOf(kind, metadata),
    say,
    hold: (condition, what) => {
      if (!condition) fail(what);
    },
    read: () => request<Resource>(world, 'GET', path),
    async present() {
      await request(world, 'DELETE', path);
      const made = await request(world, 'POST', path.slice(0, path.lastIndexOf('/')), manifest());
      if (made.kind !== kind.kind) fail(`the example cannot be made: ${JSON.stringify(made)}`);
    },
    async absent() {
      await request(world, 'DELETE', path);
    },
  };
}

/** What only prepares or checks a step goes straight to the server: a start of kubectl costs more than all the rest. */
async function request<T = Record<string, unknown>>(
  world: World,
  method: string,
  path: string,
  body?: string,
): Promise<T> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${world.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
  return (await response.json()) as T;
}

function compare(run: Run, { code = 0, says }: Expected): string | undefined {
  const text = `${run.stdout}${run.stderr}`;
  if (run.exitCode !== code) return `code ${run.exitCode} instead of ${code}: ${text.slice(0, 600)}`;
  return says === undefined || says.test(text) ? undefined : `not ${says}: ${text.slice(0, 600)}`;
}

/** Specs that must not be the same twice. */
const otherSpecs: Readonly<Record<string, object>> = { IPPool: { cidr: '10.99.0.0/24' } };

function anotherOf(kind: KindDefinition, metadata: Record<string, unknown>): string | undefined {
  const { namespace, labels } = kind.example.metadata;
  const manifest = {
    ...kind.example,
    metadata: { ...(namespace && { namespace }), ...(labels && { labels }), ...metadata },
    ...(otherSpecs[kind.kind] && { spec: { ...kind.example.spec, ...otherSpecs[kind.kind] } }),
  };
  const named = {
    ...manifest,
    metadata: { ...manifest.metadata, name: metadata.name ?? `${metadata.generateName}x2b4c` },
  };
  return decodeResource(named, 'create').ok ? JSON.stringify(manifest) : undefined;
}

/** A name within a regular expression. */
export function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
