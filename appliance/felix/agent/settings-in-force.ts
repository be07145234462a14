/**
 * The configuration that holds now, and what of an earlier one holds until the next start. Pure: it is told.
 * Before the store has been heard, environment, file and defaults hold; they may be read anew at any time.
 */
import { printProblems } from '../../lib/problem.ts';
import { reportConfig } from '../config/report.ts';
import type { ConfigSource, Resolved } from '../config/source.ts';
import type { FelixConfig } from '../model/config.ts';

export class SettingsInForce {
  resolved: Resolved;
  /** The store has been heard. */
  isConfigured = false;
  /** What of the program's other settings waits for the next start, in words. */
  reloadNotes: readonly string[] = [];
  /** What holds until the next start: the store's word, where environment and file had none. */
  #atStart: Resolved['values'];
  #region: string | undefined;

  constructor(resolved: Resolved) {
    this.resolved = resolved;
    this.#atStart = resolved.values;
  }

  get config(): FelixConfig {
    return this.resolved.config;
  }

  /** Part of keys that were written: it stays as the store first said it. */
  get openstackRegion(): string {
    return this.#region ?? this.config.openstackRegion;
  }

  /** The store is heard, for the first time or again. */
  takeStored(next: Resolved): void {
    this.resolved = next;
    this.#region ??= next.config.openstackRegion;
    if (!this.isConfigured) this.#atStart = new Map([...next.values, ...this.#atStart]);
    this.isConfigured = true;
  }

  /** Each parameter with where its value comes from, and everything that is wrong with one. `source` is where `resolved` came from. */
  describe(source: Pick<ConfigSource, 'problems'>, otherProblems: readonly string[]) {
    const { layers } = this.resolved;
    const { parameters, problems } = reportConfig(layers, this.#atStart);
    const isOurs = (key: string) => layers.some(({ name }) => name === `FelixConfiguration ${key.split('/').at(-1)}`);
    const stored = [...source.problems].flatMap(([key, found]) =>
      isOurs(key) ? `${key}: ${printProblems(found)}` : [],
    );
    return { parameters, problems: [...problems, ...otherProblems, ...stored, ...this.reloadNotes] };
  }
}
