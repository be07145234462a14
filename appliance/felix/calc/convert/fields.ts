/**
 * Reads parsed JSON field by field without trusting any of it: what is missing has a default, what has the wrong type becomes a
 * problem, and nothing throws. Only own properties count. Pure. The graph does not use the full schemas: they are too slow for
 * tens of thousands of endpoints, and of a remote endpoint only a few fields matter.
 */
import { isRecord } from '#appliance/lib/is-record.ts';
import type { Problem } from '#appliance/lib/problem.ts';
import type { Work } from '#appliance/lib/work.ts';
import type { LabelPairs } from '../label-pairs.ts';

/** What became of a stored object: undefined means it counts as absent. Problems may also stand beside a value. */
export interface Conversion<T> {
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

/** More than this of one object help nobody. */
const problemsMax = 50;

/** Where problems go. A refusal makes the whole object count as absent; a remark only reports what was passed over. */
export class ProblemList {
  readonly problems: Problem[] = [];
  isRefused = false;

  refuse(path: string, message: string, value?: unknown): void {
    this.isRefused = true;
    this.remark(path, message, value);
  }

  remark(path: string, message: string, value?: unknown): void {
    if (this.problems.length >= problemsMax) return;
    this.problems.push(isShort(value) ? { path, message, value } : { path, message });
  }
}

/** The parts of a resource that conversions read. */
export interface ResourceFields {
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly status: Fields;
  readonly list: ProblemList;
}

/** Runs a conversion over a stored value; whatever `build` returns counts only if nothing was refused. */
export function convertResource<T>(value: unknown, build: (resource: ResourceFields) => T | undefined): Conversion<T> {
  const resource = openResource(value);
  return conversionOf(resource, build(resource));
}

/** The same for what may be long. */
export function* convertInSteps<T>(
  value: unknown,
  build: (resource: ResourceFields) => Work<T | undefined>,
): Work<Conversion<T>> {
  const resource = openResource(value);
  return conversionOf(resource, yield* build(resource));
}

function openResource(value: unknown): ResourceFields {
  const list = new ProblemList();
  const root = new Fields(isRecord(value) ? value : {}, '', list);
  if (!isRecord(value)) list.refuse('', 'not an object', value);
  const metadata = root.child('metadata') ?? root.none;
  return { metadata, spec: root.child('spec') ?? root.none, status: statusOf(root), list };
}

/** A status that is no object is passed over: nobody's wish depends on it. */
function statusOf(root: Fields): Fields {
  const value = root.raw('status');
  return isRecord(value) ? new Fields(value, 'status', root.list) : root.none;
}

function conversionOf<T>({ list }: ResourceFields, built: T | undefined): Conversion<T> {
  return { value: list.isRefused ? undefined : built, problems: list.problems };
}

/** One JSON object under its path. Null counts as absent, as in Go. */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly list: ProblemList;

  constructor(record: Readonly<Record<string, unknown>>, path: string, list: ProblemList) {
    this.#record = record;
    this.#path = path;
    this.list = list;
  }

  /** An object without fields. */
  get none(): Fields {
    return new Fields({}, this.#path, this.list);
  }

  /** The same object with its problems collected elsewhere, so that a failure need not be the whole object's. */
  withList(list: ProblemList): Fields {
    return new Fields(this.#record, this.#path, list);
  }

  /** True for `{}`. */
  get isEmpty(): boolean {
    return Object.keys(this.#record).length === 0;
  }

  /** The path of a field in the manifest. */
  pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  refuse(name: string, message: string, value?: unknown): undefined {
    this.list.refuse(this.pathOf(name), message, value);
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? (this.#record[name] ?? undefined) : undefined;
  }

  /** Empty when absent. */
  text(name: string): string {
    const value = this.raw(name);
    if (typeof value === 'string') return value;
    if (value !== undefined) this.refuse(name, 'not a string', value);
    return '';
  }

  /** False when absent. */
  flag(name: string): boolean {
    const value = this.raw(name);
    if (typeof value === 'boolean') return value;
    if (value !== undefined) this.refuse(name, 'not true or false', value);
    return false;
  }

  number(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    return this.refuse(name, 'not a number', value);
  }

  /** One of `choices`, or undefined when absent. */
  choice<const C extends string>(name: string, choices: readonly C[]): C | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    return choices.find((choice) => choice === text) ?? this.refuse(name, `not one of ${choices.join(', ')}`, text);
  }

  /** One of `choices`; its absence is refused too. */
  requiredChoice<const C extends string>(name: string, choices: readonly C[]): C | undefined {
    const raw = this.raw(name);
    return raw === undefined || raw === '' ? this.refuse(name, 'missing') : this.choice(name, choices);
  }

  child(name: string): Fields | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return isRecord(value)
      ? new Fields(value, this.pathOf(name), this.list)
      : this.refuse(name, 'not an object', value);
  }

  /** The entries of a list; empty when absent. */
  array(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (Array.isArray(value)) return value;
    if (value !== undefined) this.refuse(name, 'not a list', value);
    return [];
  }

  texts(name: string): readonly string[] {
    const entries = this.array(name);
    if (entries.every((entry) => typeof entry === 'string')) return entries;
    this.refuse(name, 'not a list of strings');
    return [];
  }

  children(name: string): readonly Fields[] {
    const found: Fields[] = [];
    this.array(name).forEach((entry, i) => {
      if (isRecord(entry)) found.push(new Fields(entry, `${this.pathOf(name)}[${i}]`, this.list));
      else this.refuse(`${name}[${i}]`, 'not an object', entry);
    });
    return found;
  }

  /** A map of strings, flat; empty when absent. */
  labels(name: string): LabelPairs {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!isRecord(value)) return this.refuse(name, 'not an object', value) ?? [];
    const pairs: string[] = [];
    for (const key of Object.keys(value)) {
      const label = value[key];
      if (typeof label === 'string') pairs.push(key, label);
      else this.refuse(`${name}.${key}`, 'not a string', label);
    }
    return pairs;
  }
}

function isShort(value: unknown): boolean {
  return typeof value === 'string' ? value.length <= 100 : typeof value === 'number' || typeof value === 'boolean';
}
