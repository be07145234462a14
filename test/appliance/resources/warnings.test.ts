/** What writers are warned of, and that nobody is warned of our own examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { decodeResource } from '#appliance/resources/decode.ts';
import { apiKinds, kindOf } from '#appliance/resources/registry.ts';
import { apiVersion } from '#appliance/resources/resource.ts';

function warnings(manifest: unknown): string[] {
  const decoded = decodeResource(manifest, 'create');
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const warn = kindOf(decoded.value.kind)?.warn;
  return (warn?.(decoded.value) ?? []).map(({ path, message }) => `${path}: ${message}`);
}

const policy = (spec: object, kind = 'GlobalNetworkPolicy') => {
  const namespace = kind.startsWith('Global') || kind.startsWith('StagedGlobal') ? {} : { namespace: 'prod' };
  return { apiVersion, kind, metadata: { name: 'p', ...namespace }, spec };
};
const allow = { action: 'Allow' };
const web = { action: 'Allow', protocol: 'TCP', destination: { ports: [80] } };

test('warn() says nothing of the examples of kinds and of the files we ship', (t) => {
  for (const kind of apiKinds) t.deepEqual(warnings(kind.example), [], kind.kind);
  const root = join(import.meta.dirname, '../../../examples');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ya?ml$/.test(file));
  t.true(files.length > 0);
  for (const file of files) {
    for (const document of parseAllDocuments(readFileSync(join(root, file), 'utf8')))
      if (document.toJSON() !== null) t.deepEqual(warnings(document.toJSON()), [], file);
  }
});

const cases: readonly [string, object, RegExp | undefined, string?][] = [
  [
    'rules of a direction that types leave out',
    { types: ['Ingress'], ingress: [web], egress: [web] },
    /^spec\.egress: has no effect/,
  ],
  ['types that are inferred', { ingress: [web], egress: [web] }, undefined],
  [
    'a rule behind one that matches everything',
    { ingress: [allow, web] },
    /^spec\.ingress\[1\]: is never reached: spec\.ingress\[0\]/,
  ],
  ['a rule behind one for TCP', { ingress: [web, allow] }, undefined],
  ['a rule behind one that logs', { ingress: [{ action: 'Log' }, web] }, undefined],
  [
    'a rule behind one with a note',
    { ingress: [{ ...allow, metadata: { annotations: { a: 'b' } } }, web] },
    /never reached/,
  ],
  [
    'an untracked policy for one direction',
    { doNotTrack: true, applyOnForward: true, ingress: [web] },
    /^spec\.doNotTrack: replies .*spec\.egress/,
  ],
  [
    'an untracked policy for both',
    { doNotTrack: true, applyOnForward: true, ingress: [web], egress: [web] },
    undefined,
  ],
  [
    'an untracked policy that denies',
    { doNotTrack: true, applyOnForward: true, ingress: [{ action: 'Deny' }] },
    undefined,
  ],
  ['no rules for all endpoints', { types: ['Ingress'] }, /^spec\.ingress: has no rules, .*hosts/],
  ['no rules for all endpoints, by name', { selector: ' all() ', types: ['Egress'] }, /^spec\.egress: has no rules/],
  ['no rules for some endpoints', { selector: 'role == "db"', types: ['Ingress'] }, undefined],
  ['no rules for namespaces', { namespaceSelector: 'all()', types: ['Ingress'] }, undefined],
  ['no rules in a namespace', { types: ['Ingress'] }, undefined, 'NetworkPolicy'],
  ['no rules in a staged policy', { types: ['Ingress'] }, undefined, 'StagedGlobalNetworkPolicy'],
  ['no rules before DNAT', { preDNAT: true, applyOnForward: true, types: ['Ingress'] }, undefined],
  ['a staged deletion', { stagedAction: 'Delete' }, undefined, 'StagedGlobalNetworkPolicy'],
];

for (const [title, spec, expected, kind] of cases)
  test(`warn() of a policy: ${title}`, (t) => {
    const told = warnings(policy(spec, kind));
    if (expected === undefined) t.deepEqual(told, []);
    else {
      t.is(told.length, 1, told.join('\n'));
      t.regex(told[0]!, expected);
    }
  });

test('warn() of a FelixConfiguration tells when ssh or everything outbound is left to policies, and old fields', (t) => {
  const felix = (spec: object) =>
    warnings({ apiVersion, kind: 'FelixConfiguration', metadata: { name: 'default' }, spec });
  t.deepEqual(felix({}), []);
  t.deepEqual(felix({ failsafeInboundHostPorts: [{ protocol: 'TCP', port: 22, net: '10.0.0.0/8' }] }), []);
  t.regex(felix({ failsafeInboundHostPorts: [{ protocol: 'UDP', port: 22 }] }).join(), /TCP port 22/);
  t.regex(felix({ failsafeInboundHostPorts: [] }).join(), /TCP port 22/);
  t.regex(felix({ failsafeOutboundHostPorts: [] }).join(), /cut hosts off/);
  t.regex(felix({ routeTableRange: { min: 1, max: 5 } }).join(), /deprecated: use spec\.routeTableRanges/);
});
