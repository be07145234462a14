/** What kubectl asks of a server as a whole: what there is, who one is, several kinds and documents at once, paging, errors, kinds and objects that stay. */
import type { KindDefinition } from '#appliance/resources/define.ts';
import { literal } from './stage.ts';
import { readsOpenApi3 } from './step.ts';
import type { World } from './world.ts';

/** A command with what it must answer. `since` and `until` are minor versions of kubectl. */
interface Row {
  readonly words: readonly string[];
  readonly code?: number;
  readonly says?: RegExp;
  readonly input?: string;
  readonly since?: number;
  readonly until?: number;
}

const set = (name: string, metadata: object = {}) =>
  JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkSet',
    metadata: { name, ...metadata },
    spec: {},
  });
const namespaced = set('a', { namespace: 'web' }).replace('GlobalNetworkSet', 'NetworkSet');
const badPolicy = JSON.stringify({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'bad' },
  spec: { selector: 'a ==', ingress: [{ action: 'Permit' }] },
});
const list = (...items: string[]) => `{"apiVersion":"v1","kind":"List","items":[${items.join()}]}`;

/** In this order: some build on what earlier ones stored. */
const rows: readonly Row[] = [
  { words: ['version'], says: /calico-appliance/ },
  { words: ['api-versions'], says: /^projectcalico\.org\/v3$/m },
  {
    words: ['api-resources', '--namespaced=false', '-o', 'wide'],
    says: /^globalnetworkpolicies +gnp,cgnp.*delete/m,
  },
  { words: ['api-resources', '--verbs=create', '-o', 'name'], says: /^tiers\.projectcalico\.org$/m },
  {
    words: ['api-resources', '--categories=calico', '-o', 'name'],
    since: 26,
    says: /^hostendpoints\.projectcalico\.org$/m,
  },
  { words: ['auth', 'can-i', 'delete', 'globalnetworkpolicies.projectcalico.org'], says: /^(Warning.*\n)?yes\n/m },
  { words: ['auth', 'can-i', '--list'], says: /Resources/ },
  { words: ['auth', 'whoami'], since: 28, says: /system:local/ },
  { words: ['get', '--raw', '/readyz'], says: /ok/ },
  { words: ['get', '--raw', '/openapi/v3'], says: /apis\/projectcalico\.org\/v3/ },
  { words: ['get', '--raw', '/nonsense'], code: 1, says: /^Error from server \(NotFound\)/ },
  // nothing is in the category that people delete with
  { words: ['get', 'all'], code: 1, says: /doesn't have a resource type "all"/ },
  { words: ['get', 'calico'], says: /^tier\.projectcalico\.org\/default /m },
  { words: ['get', 'tiers,profiles'], says: /tier\.projectcalico\.org\/default[\s\S]*profile\.projectcalico\.org\// },
  {
    words: ['get', 'tier/default', 'tier/kube-admin', '-o', 'name'],
    says: /^tier\.projectcalico\.org\/default\ntier\.projectcalico\.org\/kube-admin\n$/,
  },
  { words: ['get', 'nonsense'], code: 1, says: /the server doesn't have a resource type "nonsense"/ },
  { words: ['get', 'events'], says: /No resources found/ },
  { words: ['get', 'events', '-A'], says: /No resources found/ },
  { words: ['events'], since: 26, says: /No events found/ },
  {
    words: ['explain', 'globalnetworkpolicies.spec.ingress.source.selector'],
    since: readsOpenApi3,
    says: /FIELD: selector <string>/,
  },
  { words: ['explain', 'nonsense'], code: 1, since: readsOpenApi3, says: /nonsense/ },

  {
    words: ['create', '-f', '-'],
    input: badPolicy,
    code: 1,
    says: /^The GlobalNetworkPolicy "bad" is invalid: \n\* spec\.ingress\[0\]\.action: [^\n]+\n\* spec\.selector: [^\n]+\n$/,
  },
  {
    // some versions look for a definition of the kind first, and tell of that
    words: ['create', '-f', '-', '--validate=false'],
    input: '{"apiVersion":"projectcalico.org/v3","kind":"Nonsense","metadata":{"name":"a"}}',
    code: 1,
    says: /no matches for kind "Nonsense"/,
  },
  {
    words: ['create', '-f', '-'],
    input: `${set('first')}\n${set('Bad_Name')}\n${set('third')}`,
    code: 1,
    says: /first created\n[\s\S]*third created\n[\s\S]*metadata\.name/,
  },
  { words: ['create', '-f', '-', '-n', 'other'], input: namespaced, code: 1, says: /namespace/ },
  { words: ['apply', '-f', '-'], input: list(set('first'), set('listed')), says: /listed created/ },
  {
    words: ['delete', 'globalnetworkset/first', 'globalnetworkset/listed'],
    says: /"first" deleted[\s\S]*"listed" deleted/,
  },
  { words: ['scale', 'globalnetworkset/third', '--replicas=2'], code: 1 },

  { words: ['get', 'clusterinformations'], says: /^NAME/ },
  { words: ['label', 'clusterinformation', 'default', 'a=b'], code: 1, says: /MethodNotAllowed/ },
  {
    words: ['patch', 'clusterinformation', 'default', '--type=merge', '-p', '{"spec":{"datastoreReady":false}}'],
    code: 1,
    says: /MethodNotAllowed/,
  },
  { words: ['delete', 'clusterinformation', 'default'], code: 1, says: /MethodNotAllowed/ },
  { words: ['delete', 'tier', 'default'], code: 1, says: /^Error from server \(Forbidden\): / },
  { words: ['patch', 'tier', 'default', '--type=merge', '-p', '{"spec":{"order":1}}'], code: 1, says: /tier|Tier/ },
];

/** Runs the rows, pages through a list and compares the kinds told with those of the registry. */
export async function askTheWhole(world: World, kinds: readonly KindDefinition[], failures: string[]): Promise<void> {
  const { minor, version } = world.kubectl;
  for (const { words, code = 0, says, input, since = 0, until = 999 } of rows) {
    if (minor < since || minor > until) continue;
    const run = await world.run(words, input);
    const text = `${run.stdout}${run.stderr}`;
    if (run.exitCode !== code || (says !== undefined && !says.test(text)))
      failures.push(
        `${version} kubectl ${words.join(' ')}: code ${run.exitCode}, ${says ?? ''}: ${text.slice(0, 600)}`,
      );
  }
  await compareKinds(world, kinds, failures);
  await page(world, failures);
}

async function compareKinds(world: World, kinds: readonly KindDefinition[], failures: string[]): Promise<void> {
  const { stdout } = await world.run(['api-resources', '--verbs=list', '-o', 'name']);
  const told = stdout.trim().split('\n').toSorted().join();
  const names = kinds.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`));
  const beside = ['events', 'ipamblocks.projectcalico.org', 'ipamhandles.projectcalico.org'];
  const wanted = [...names, ...beside].toSorted().join();
  if (told !== wanted) failures.push(`${world.kubectl.version} api-resources: ${told} instead of ${wanted}`);
}

/** More objects than a page, so that kubectl follows the continue token. */
async function page(world: World, failures: string[]): Promise<void> {
  const names = Array.from({ length: 25 }, (_, i) => `page-${String(i).padStart(2, '0')}`);
  await world.run(['create', '-f', '-'], list(...names.map((name) => set(name, { labels: { paged: 'yes' } }))));
  for (const output of ['wide', 'name']) {
    const { stdout } = await world.run(['get', 'globalnetworksets', '-l', 'paged=yes', '--chunk-size=4', '-o', output]);
    const missing = names.filter((name) => !new RegExp(`(^|/)${literal(name)}\\b`, 'm').test(stdout));
    if (missing.length > 0) failures.push(`${world.kubectl.version} paging -o ${output}: ${missing} missing`);
  }
  const { stdout } = await world.run(['delete', 'globalnetworksets', '-l', 'paged=yes']);
  if (stdout.match(/deleted/g)?.length !== names.length) failures.push(`${world.kubectl.version} delete -l: ${stdout}`);
}
