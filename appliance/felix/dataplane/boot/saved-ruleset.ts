/**
 * The ruleset as it is kept for the next boot: one line of facts, then the bytes of the table. Pure. Whatever is not whole, or of a form that this
 * program does not know, is refused with the reason: a table made of it would be anybody's guess.
 */
import { createHash } from 'node:crypto';
import { isRecord } from '../../../lib/is-record.ts';

/** Of the file; grows when an older program must not read it. What the kernel takes is its own matter, and stable. */
export const savedFormat = 1;

/** Whose bytes they are: a copy of our table of nf_tables, or text for the programs of iptables. */
export type SavedForm = 'nftables' | 'iptables';

/** What is said of it, for people and for the reader. */
export interface SavedFacts {
  readonly form: SavedForm;
  /** Of the program that wrote it. */
  readonly version: string;
  readonly savedAt: string;
}

export type ParsedRuleset =
  | { readonly ok: true; readonly facts: SavedFacts; readonly table: Buffer }
  | { readonly ok: false; readonly problem: string };

const magic = 'calico-ruleset';
const forms = ['nftables', 'iptables'] as const;
/** Longer than any first line of ours. */
const headBytesMax = 1024;

/** The first line, and the sum that stands in it. */
export function printHead(table: Uint8Array, facts: SavedFacts): { readonly head: string; readonly sum: string } {
  const sum = sumOf(table);
  const { form, version, savedAt } = facts;
  const head = JSON.stringify({ [magic]: savedFormat, form, version, savedAt, bytes: table.length, sha256: sum });
  return { head: `${head}\n`, sum };
}

/** Says why not, in words that fit behind the name of a file. */
export function parseSaved(file: Buffer): ParsedRuleset {
  const end = file.subarray(0, headBytesMax).indexOf(0x0a);
  const head = end < 0 ? undefined : parseHead(file.toString('utf8', 0, end));
  if (head === undefined) return refuse('is not a saved ruleset');
  const format = head[magic];
  if (format !== savedFormat) return refuse(`has format ${format}, this program reads ${savedFormat}`);
  const form = forms.find((known) => known === head.form);
  if (form === undefined) return refuse(`is of a form that is not known: ${head.form}`);
  const table = file.subarray(end + 1);
  if (table.length !== head.bytes) return refuse(`has ${table.length} bytes instead of ${head.bytes}`);
  if (sumOf(table) !== head.sha256) return refuse('has another content than was written');
  return { ok: true, facts: { form, version: String(head.version), savedAt: String(head.savedAt) }, table };
}

function parseHead(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const found: unknown = JSON.parse(line);
    return isRecord(found) && magic in found ? found : undefined;
  } catch {
    // cut short or overwritten: the same to a reader
    return undefined;
  }
}

function sumOf(table: Uint8Array): string {
  return createHash('sha256').update(table).digest('hex');
}

function refuse(problem: string): ParsedRuleset {
  return { ok: false, problem };
}
