import test from 'ava';
import { createTestApi } from './test-api.ts';

const access = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** A field with length, as protobuf writes it. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

/** A review in Kubernetes' envelope; `spec` is its field 2. */
function envelope(spec: Buffer): Buffer {
  const number = Buffer.from([(3 << 3) | 0, 0x80, 0x01]);
  const unknown = [field(1, field(1, 'authorization.k8s.io/v1')), field(2, Buffer.concat([number, field(2, spec)]))];
  return Buffer.concat([Buffer.from('k8s\0'), ...unknown]);
}

async function post(url: string, payload: Buffer | object) {
  const api = await createTestApi();
  const type = Buffer.isBuffer(payload) ? 'application/vnd.kubernetes.protobuf' : 'application/json';
  return api.app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
}

test('an access review is answered by the roles, asked in JSON or in protobuf', async (t) => {
  const wish = Buffer.concat([
    field(1, 'default'),
    field(2, 'delete'),
    field(3, 'projectcalico.org'),
    field(5, 'tiers'),
  ]);
  const path = Buffer.concat([field(1, '/metrics'), field(2, 'get')]);
  for (const body of [
    envelope(field(1, wish)),
    envelope(field(2, path)),
    { spec: { resourceAttributes: { verb: 'get', group: 'projectcalico.org', resource: 'tiers' } } },
    { spec: { nonResourceAttributes: { verb: 'get', path: '/metrics' } } },
  ]) {
    const answer = await post(access, body);
    t.is(answer.statusCode, 201);
    t.deepEqual(answer.json().status, { allowed: true, reason: 'role cluster-admin' });
  }
});

test('a review that asks nothing, or is cut anywhere, is a bad request', async (t) => {
  const whole = envelope(field(1, field(2, 'get')));
  const api = await createTestApi();
  const statuses = new Set<number>();
  for (let length = 0; length < whole.length; length++) {
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    const answer = await api.app.inject({ method: 'POST', url: access, headers, payload: whole.subarray(0, length) });
    statuses.add(answer.statusCode);
  }
  t.deepEqual([...statuses], [400]);
  t.is((await post(access, {})).statusCode, 400);
  t.is((await post(access, { spec: { resourceAttributes: {}, nonResourceAttributes: {} } })).statusCode, 400);
});

test('the subject and its rules are told, and protobuf is for reviews only', async (t) => {
  const subject = await post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
  t.deepEqual(subject.json().status.userInfo, {
    username: 'system:local',
    groups: ['system:masters', 'system:authenticated'],
  });
  const rules = await post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'default' } });
  t.true(rules.json().status.resourceRules.some((rule: { verbs: string[] }) => rule.verbs.includes('*')));
  t.is((await post('/apis/projectcalico.org/v3/tiers', Buffer.from('k8s\0'))).statusCode, 415);
});
