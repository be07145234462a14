/** The real kubectl on namespaces, service accounts, roles and bindings: what administrators type for Kubernetes works here. Which kubectl: `kubectl/programs.ts`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';
import { oneKubectl } from './kubectl/programs.ts';

const kubectl = oneKubectl();

interface World extends AsyncDisposable {
  readonly url: string;
  readonly dir: string;
  /** What it printed, errors too. */
  run(...words: readonly string[]): Promise<{ readonly exitCode: number | undefined; readonly all: string }>;
}

/** A server on loopback, and a kubectl that knows nothing else. */
async function startWorld(): Promise<World> {
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  const server = startServer(place);
  const url = await server.address();
  const KUBECONFIG = join(place.dir, 'kubeconfig');
  const HOME = join(place.dir, 'home');
  mkdirSync(HOME);
  writeFileSync(
    KUBECONFIG,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: url } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
      users: [{ name: 'u', user: {} }],
    }),
  );
  return {
    url,
    dir: place.dir,
    async run(...words) {
      const options = { reject: false, all: true, timeout: 60_000, env: { KUBECONFIG, HOME } } as const;
      const { exitCode, all } = await execa(kubectl, words, options);
      return { exitCode, all };
    },
    async [Symbol.asyncDispose]() {
      server.child.kill('SIGTERM');
      await server.exited;
      place.remove();
    },
  };
}

test.serial('kubectl makes, shows and deletes what says who may do what', async (t) => {
  await using world = await startWorld();
  const does = async (line: string, wanted: RegExp) => {
    const { exitCode, all } = await world.run(...line.split(' '));
    t.is(exitCode, 0, `kubectl ${line}: ${all}`);
    t.regex(all, wanted, `kubectl ${line}`);
  };
  await does('api-resources', /rolebindings +rbac\.authorization\.k8s\.io\/v1 +true +RoleBinding/);
  await does('api-resources', /namespaces +ns +v1 +false +Namespace/);
  await does('get ns', /default +Active/);
  await does('create ns shop', /namespace\/shop created/);
  await does('get ns shop', /shop +Active/);
  await does('describe ns shop', /Status: +Active/);
  await does('create serviceaccount ci -n shop', /serviceaccount\/ci created/);
  await does('get sa -A', /shop +ci +0/);
  await does('describe sa ci -n shop', /Name: +ci/);
  await does(
    'create clusterrole pools --verb=get,list --resource=ippools.projectcalico.org',
    /clusterrole.rbac.authorization.k8s.io\/pools created/,
  );
  await does('create clusterrole health --verb=get --non-resource-url=/readyz', /health created/);
  await does('describe clusterrole pools', /ippools\.projectcalico\.org +\[\] +\[\] +\[get list\]/);
  await does('get clusterrole pools', /NAME +CREATED AT\npools +20/);
  await does(
    'create clusterrolebinding pools --clusterrole=pools --user=eve --group=staff --serviceaccount=shop:ci',
    /created/,
  );
  await does('get clusterrolebinding pools -o wide', /pools +ClusterRole\/pools +\S+ +eve +staff +shop\/ci/);
  await does('describe clusterrolebinding pools', /ServiceAccount +ci +shop/);
  await does('create role sets -n shop --verb=* --resource=networksets.projectcalico.org', /sets created/);
  await does('create rolebinding sets -n shop --role=sets --user=eve', /sets created/);
  await does('get role,rolebinding -n shop', /rolebinding.rbac.authorization.k8s.io\/sets +Role\/sets/);
  await does('label clusterrole pools team=net', /labeled/);
  await does('explain clusterrole.rules', /resourceNames/);
  const inUse = await world.run('delete', 'ns', 'shop');
  t.is(inUse.exitCode, 1);
  t.regex(inUse.all, /Conflict.*Namespace\(shop\) contains ServiceAccount\(shop\/ci\)/);
  await does('delete rolebinding,role,sa --all -n shop', /deleted/);
  await does('delete ns shop', /deleted/);
});

const page = readFileSync(join(import.meta.dirname, '../../docs/access.md'), 'utf8');

/** The examples of the page in this language. */
function examples(language: string): string[] {
  return [...page.matchAll(new RegExp(`\\n\`\`\`${language}\\n([^\`]*)\`\`\``, 'g'))].map((match) => match[1]!);
}

test.serial('the examples of the page on access work, and give what the page says', async (t) => {
  await using world = await startWorld();
  const commands = examples('sh')
    .flatMap((text) => text.split('\n'))
    .filter((line) => /^kubectl (create|auth) /.test(line))
    .map((line) => line.replace(/ +#.*$/, ''));
  t.true(commands.length >= 9);
  for (const line of commands) {
    const { exitCode, all } = await world.run(...line.split(' ').slice(1));
    t.is(exitCode, 0, `${line}: ${all}`);
  }
  const [roles = ''] = examples('yaml');
  writeFileSync(join(world.dir, 'roles.yaml'), roles);
  t.regex(
    (await world.run('apply', '-f', join(world.dir, 'roles.yaml'))).all,
    /clusterrolebinding.*ops-policies created/,
  );
  const may = async (who: object, verb: string, resource: string, namespace = '', name = '') => {
    const spec = { ...who, resourceAttributes: { group: 'projectcalico.org', verb, resource, namespace, name } };
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ spec }) };
    const answer = await fetch(`${world.url}/apis/authorization.k8s.io/v1/subjectaccessreviews`, request);
    return ((await answer.json()) as { status: { allowed: boolean } }).status.allowed;
  };
  const ci = { user: 'system:serviceaccount:shop:ci' };
  const ops = { user: 'olga', groups: ['ops'] };
  t.true(await may({ user: 'eve' }, 'delete', 'ippools'));
  t.true(await may({ user: 'nora', groups: ['network'] }, 'delete', 'ippools'));
  t.false(await may({ user: 'sam' }, 'get', 'ippools'));
  t.true(await may(ci, 'create', 'networksets', 'shop'));
  t.false(await may(ci, 'create', 'networksets', 'default'));
  t.false(await may(ci, 'list', 'networksets'));
  t.true(await may(ops, 'get', 'tiers', '', 'ops'));
  t.false(await may(ops, 'get', 'tiers', '', 'default'));
  t.true(await may(ops, 'update', 'tier.globalnetworkpolicies', '', 'ops.*'));
  t.false(await may(ops, 'update', 'tier.globalnetworkpolicies', '', 'default.*'));
});
