/** The dependency rule: who may import whom. A failure names the file, the line and the rule's reason. */
import test from 'ava';
import { areas, typesOnly } from './layers.ts';
import { readSources, resolveImport, type SourceFile } from './source-files.ts';

const sources = readSources(['appliance', 'cli', 'cni', 'kube-bridge']);

test('every source file belongs to an area with a rule', (t) => {
  t.deepEqual(
    sources.map((s) => s.path).filter((path) => areaOf(path) === undefined),
    [],
  );
});

test('no area imports what its rule does not allow', (t) => {
  t.deepEqual(sources.flatMap(forbiddenImports), []);
});

test('the rule catches a forbidden import', (t) => {
  const bad = {
    path: 'appliance/felix/calc/x.ts',
    text: '',
    imports: [{ specifier: '#appliance/kernel/open.ts', line: 3 }],
  };
  t.regex(forbiddenImports(bad)[0] ?? '', /^appliance\/felix\/calc\/x\.ts:3 .*never the kernel/);
});

test('nobody imports an entry', (t) => {
  const offenders = sources.flatMap((s) =>
    s.imports
      .filter(
        (i) => areaOf(resolveImport(s.path, i.specifier) ?? '')?.name === 'entry' && areaOf(s.path)?.name !== 'entry',
      )
      .map((i) => `${s.path}:${i.line} imports ${i.specifier}`),
  );
  t.deepEqual(offenders, []);
});

function areaOf(path: string) {
  return areas.find((area) => area.files.test(path));
}

function forbiddenImports(source: SourceFile): string[] {
  const area = areaOf(source.path);
  if (area === undefined || area.mayImport.includes('*')) return [];
  return source.imports.flatMap(({ specifier, line }) => {
    const target = areaOf(resolveImport(source.path, specifier) ?? '');
    if (target === undefined || target.name === area.name) return [];
    if (!area.mayImport.includes(target.name) && target.name !== 'entry')
      return [`${source.path}:${line} imports ${target.name} (${specifier}): ${area.reason}`];
    const isTypesOnly = typesOnly.some((rule) => rule.from === area.name && rule.to === target.name);
    if (isTypesOnly && !isTypeImport(source.text, specifier))
      return [`${source.path}:${line} imports code of ${target.name} (${specifier}); only its types are allowed`];
    return [];
  });
}

function isTypeImport(text: string, specifier: string): boolean {
  const escaped = specifier.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return !new RegExp(`import\\s+(?!type\\b)[^;]*?from\\s*['"]${escaped}['"]`).test(text);
}
