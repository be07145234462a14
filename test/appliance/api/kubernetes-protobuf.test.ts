/** Kubernetes' kinds from protobuf, written here byte by byte: what is read is what was sent, and what is cut or unknown is a bad request. */
import test from 'ava';
import { readProtobuf } from '#appliance/api/reviews/messages.ts';
import { createTestApi } from './test-api.ts';

const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };

/** A field with length, as protobuf writes it. */
function field(number: number, ...contents: (string | Buffer)[]): Buffer {
  const bytes = Buffer.concat(contents.map((content) => Buffer.from(content)));
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function number(index: number, value: number): Buffer {
  return Buffer.from([index << 3, value]);
}

function envelope(apiVersion: string, kind: string, ...raw: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, apiVersion), field(2, kind)), field(2, ...raw)]);
}

const rule = field(
  2,
  field(1, 'get'),
  field(1, 'list'),
  field(2, 'projectcalico.org'),
  field(3, 'tiers'),
  field(4, 'ops'),
);
const labels = [field(11, field(1, 'a'), field(2, 'b')), field(11, field(1, 'c'), field(2, ''))];
const role = envelope(
  'rbac.authorization.k8s.io/v1',
  'ClusterRole',
  field(1, field(1, 'r'), ...labels, field(8)),
  rule,
);

test('roles, bindings and accounts are read with all that they have', (t) => {
  t.deepEqual(readProtobuf(role), {
    kind: 'ClusterRole',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    metadata: { name: 'r', labels: { a: 'b', c: '' } },
    rules: [{ verbs: ['get', 'list'], apiGroups: ['projectcalico.org'], resources: ['tiers'], resourceNames: ['ops'] }],
  });
  const subject = field(2, field(1, 'ServiceAccount'), field(3, 'ci'), field(4, 'shop'));
  const binding = envelope(
    'rbac.authorization.k8s.io/v1',
    'RoleBinding',
    subject,
    field(3, field(2, 'Role'), field(3, 'r')),
  );
  t.like(readProtobuf(binding), {
    subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace: 'shop' }],
    roleRef: { kind: 'Role', name: 'r' },
  });
  t.like(readProtobuf(envelope('v1', 'ServiceAccount', number(4, 0))), { automountServiceAccountToken: false });
  t.deepEqual(readProtobuf(envelope('v1', 'DeleteOptions', number(1, 5), field(2, field(1, 'u')), field(5, 'All'))), {
    preconditions: { uid: 'u' },
    dryRun: ['All'],
  });
});

test('a role sent as protobuf is made; cut anywhere, of another kind or with fields unknown here it is a bad request', async (t) => {
  const api = await createTestApi();
  const url = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  const post = (payload: Buffer, to = url) => api.app.inject({ method: 'POST', url: to, headers: protobuf, payload });
  for (let length = 1; length < role.length; length++) {
    const { statusCode } = await post(role.subarray(0, length));
    t.true([400, 422].includes(statusCode), `${length}: ${statusCode}`);
  }
  const made = await post(role);
  t.is(made.statusCode, 201, made.body);
  t.deepEqual(made.json().rules[0].resourceNames, ['ops']);
  t.is((await post(envelope('v1', 'Secret'))).statusCode, 400);
  t.is((await post(envelope('v1', 'Namespace', field(9, 'x')), '/api/v1/namespaces')).statusCode, 400);
  t.is((await post(role, '/apis/projectcalico.org/v3/tiers')).statusCode, 415);
});

test('changes of roles are told in the audit lines by their groups', async (t) => {
  const api = await createTestApi();
  await api.app.inject({
    method: 'POST',
    url: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    headers: protobuf,
    payload: role,
  });
  await api.call('DELETE', '/api/v1/namespaces/default');
  const [made, refused] = api.audit;
  t.like(made, { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles', name: 'r', code: 201 });
  t.is(typeof made?.after, 'number');
  t.like(refused, { verb: 'delete', group: '', resource: 'namespaces', name: 'default', code: 403 });
});
