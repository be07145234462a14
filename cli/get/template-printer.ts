/** Go templates, JSONPath and columns by path: compiled before a server is asked, filled in afterwards. I/O: reads template files. */
import { readFileSync } from 'node:fs';
import type { ApiClient } from '../client.ts';
import { readDefaultAsNumber } from '../column-context.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { errorText, usageError } from '../errors.ts';
import { hasNoHeaders } from '../flags.ts';
import { compileCell } from '../jsonpath/cell.ts';
import type { Format, PathColumn } from '../output/format.ts';
import { alignColumns } from '../output/tabwriter.ts';
import { documentOf, type Group, type Printer } from './printer.ts';
import type { ClusterFacts } from './template-functions.ts';

/** Groups -> the whole text. */
type Fill = (groups: readonly Group[], client: ApiClient) => string | Promise<string>;

/** The printer for a template. Throws CLI_USAGE when it cannot be read or understood. */
export async function createTemplatePrinter(context: CliContext, flags: FlagValues, format: Format): Promise<Printer> {
  const fill = await compile(flags, format);
  return {
    isWhole: true,
    check: async () => {},
    async print(client, groups) {
      context.out(await fill(groups, client));
    },
  };
}

async function compile(flags: FlagValues, format: Format): Promise<Fill> {
  if (format.type === 'path-columns') return pathColumns(format.columns, hasNoHeaders(flags));
  if (format.type !== 'go-template' && format.type !== 'jsonpath' && format.type !== 'path-columns-file') {
    throw usageError(`unrecognized output format '${format.type}'`);
  }
  const text = format.isFile ? readTemplate(format.text) : format.text;
  if (format.type === 'path-columns-file') return pathColumns(columnsIn(text, format.text), hasNoHeaders(flags));
  if (format.type === 'jsonpath') {
    const { compileJsonPath } = await import('../jsonpath/template.ts');
    const run = orUsage(() => compileJsonPath(text), 'error parsing jsonpath');
    return (groups) => orUsage(() => run(documentOf(groups)), 'error executing jsonpath');
  }
  const { compileGoTemplate } = await import('../go-template/template.ts');
  const { resourceFunctions } = await import('./template-functions.ts');
  const facts: ClusterFacts = { asNumber: undefined };
  const run = orUsage(() => compileGoTemplate(text, resourceFunctions(facts)), 'error parsing template');
  return async (groups, client) => {
    if (/\bconfig\b/.test(text)) facts.asNumber = (await readDefaultAsNumber(client)).defaultAsNumber;
    return orUsage(() => run(templateRoot(groups)), 'error executing template');
  };
}

function orUsage<T>(work: () => T, what: string): T {
  try {
    return work();
  } catch (error) {
    throw usageError(`${what}: ${errorText(error)}`);
  }
}

function readTemplate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageError(`error reading template: ${errorText(error)}`);
  }
}

/**
 * What `.` is: the list of resources, as upstream's templates expect. It answers to the fields of a single resource, and to `.items` of a
 * list, as kubectl's templates expect.
 */
function templateRoot(groups: readonly Group[]): unknown {
  const items = groups.flatMap((group) => group.items);
  const document = documentOf(groups) as Record<string, unknown> | undefined;
  const fields = Array.isArray(document) || document === undefined ? { items } : document;
  return Object.assign([...items], fields);
}

/** First line: headings; second line: a path for each. */
function columnsIn(text: string, path: string): PathColumn[] {
  const [headings = [], paths = []] = text.split('\n').map((line) => line.split(/\s+/).filter((word) => word !== ''));
  if (headings.length === 0 || headings.length !== paths.length) {
    throw usageError(`${path}: expected a line of headings, and below it a path for each`);
  }
  return headings.map((heading, i) => ({ heading, path: paths[i]! }));
}

function pathColumns(columns: readonly PathColumn[], hasNoHeaders: boolean): Fill {
  const cells = columns.map(({ path }) => orUsage(() => compileCell(path), 'error parsing custom-columns'));
  return (groups) => {
    const rows = groups.flatMap(({ items }) => items.map((item) => cells.map((cell) => cell(item))));
    return hasNoHeaders ? alignColumns(rows) : alignColumns([columns.map(({ heading }) => heading), ...rows]);
  };
}
