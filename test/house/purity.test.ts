/** Purity is the default: a file that is not on the I/O list reads no file, clock, environment or randomness, never waits and never logs. */
import test from 'ava';
import { ioFiles, pureFiles } from './io-list.ts';
import { readSources, type SourceFile } from './source-files.ts';

const pureBuiltins = new Set(['node:crypto', 'node:buffer', 'node:util', 'node:path', 'node:url']);
const impurities: readonly (readonly [RegExp, string])[] = [
  [/\basync\b|\bawait\b/, 'is asynchronous'],
  [/\bDate\.now\b|\bnew Date\(\)/, 'reads the clock'],
  [/\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/, 'uses randomness'],
  [/\bprocess\./, 'looks at the process'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'sets a timer'],
  [/\bfetch\(/, 'talks to the network'],
  [/\bconsole\./, 'logs'],
];

test('files that are not on the I/O list are pure', (t) => {
  const offenders = readSources(['appliance', 'cli']).filter(isHeldToBePure).flatMap(findImpurities);
  t.deepEqual(offenders, []);
});

test('the check finds each kind of impurity', (t) => {
  for (const code of [
    'await x',
    'Date.now()',
    'Math.random()',
    'process.env',
    'setTimeout(f)',
    'fetch(u)',
    'console.log(1)',
  ])
    t.is(findImpurities({ path: 'x.ts', text: code, imports: [] }).length, 1, code);
  t.is(findImpurities({ path: 'x.ts', text: '', imports: [{ specifier: 'node:fs', line: 1 }] }).length, 1);
});

function isHeldToBePure(source: SourceFile): boolean {
  return pureFiles.some((p) => p.test(source.path)) || !ioFiles.some((p) => p.test(source.path));
}

function findImpurities(source: SourceFile): string[] {
  const code = withoutComments(source.text);
  const imports = source.imports
    .filter(({ specifier }) => specifier.startsWith('node:') && !pureBuiltins.has(specifier))
    .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}`);
  const found = impurities
    .filter(([pattern]) => pattern.test(code))
    .map(([pattern, what]) => `${source.path}:${lineOf(code, pattern)} ${what}`);
  return [...imports, ...found];
}

/** Comments and texts blanked, lines kept. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
}

function lineOf(code: string, pattern: RegExp): number {
  return code.slice(0, pattern.exec(code)?.index ?? 0).split('\n').length;
}
