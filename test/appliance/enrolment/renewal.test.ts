/** The agent's renewal: in time, for the same key, checked before it counts, and patient when nobody answers. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type RenewalOptions, renewalTime, startRenewal } from '#appliance/enrolment/renewal.ts';
import { type LogFields, silentLogger } from '#appliance/lib/log.ts';
import { createAuthority, signCertificate } from '#appliance/pki/authority.ts';
import { checkNodeRequest, createNodeKey, createNodeRequest } from '#appliance/pki/signing-request.ts';

/** A host whose certificate holds for `seconds`, and an authority that answers as `request` says. */
async function createHost(t: ExecutionContext, seconds: number) {
  const directory = mkdtempSync(join(tmpdir(), 'calico-renewal-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = (name: string) => join(directory, name);
  const authority = await createAuthority('ours', { from: new Date(), days: 30 });
  const key = await createNodeKey();
  const sign = async (request: string, node = 'a', by = authority) => {
    const subject = { commonName: `system:node:${node}`, organizations: ['system:nodes'], usage: 'client' } as const;
    const publicKey = await checkNodeRequest(request, 'a');
    const certificate = await signCertificate(by, publicKey, subject, { from: new Date(), days: 0, seconds });
    return { certificate, authority: authority.certificate, etcdEndpoints: [] };
  };
  const first = (await sign(await createNodeRequest('a', key))).certificate;
  writeFileSync(file('ca.crt'), authority.certificate);
  writeFileSync(file('node.crt'), first);
  writeFileSync(file('node.key'), key);
  const lines: LogFields[] = [];
  const log = {
    ...silentLogger,
    warn: (fields: LogFields, message: string) => void lines.push({ ...fields, message }),
  };
  const files = { caFile: file('ca.crt'), certFile: file('node.crt'), keyFile: file('node.key') };
  const options: RenewalOptions = { node: 'a', api: 'https://192.0.2.1:5443', ...files, log, random: () => 0 };
  const read = () => readFileSync(file('node.crt'), 'utf8');
  return { options, sign, first, read, lines };
}

async function until(check: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
}

test('renewalTime() leaves a third of the life, and up to a tenth of it less', async (t) => {
  const { first } = await createHost(t, 900);
  const certificate = new X509Certificate(first);
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  t.is(to - renewalTime(certificate, 0), (to - from) / 3);
  t.true(to - renewalTime(certificate, 1) > (to - from) / 5);
});

test('a certificate is renewed when its time has come, and not before', async (t) => {
  const { options, sign, first, read } = await createHost(t, 1000);
  let calls = 0;
  let nowMs = Date.now();
  const request: NonNullable<RenewalOptions['request']> = async (_api, credentials, wish) => {
    calls++;
    t.is(String(credentials.cert), first);
    return sign(wish.request);
  };
  const early = startRenewal({ ...options, request, now: () => nowMs });
  await until(() => early.status.renewAt !== undefined);
  t.is(calls, 0);
  await early.close();
  nowMs += 800_000;
  const late = startRenewal({ ...options, request, now: () => nowMs });
  await until(() => read() !== first);
  t.is(calls, 1);
  t.not(read(), first);
  await late.close();
});

test('the working certificate stays while nobody answers, and when what comes is not what was asked for', async (t) => {
  const { options, sign, first, read, lines } = await createHost(t, 1000);
  const foreign = await createAuthority('foreign', { from: new Date(), days: 30 });
  const now = () => Date.now() + 800_000;
  const answers: readonly (readonly [NonNullable<RenewalOptions['request']>, RegExp])[] = [
    [() => Promise.reject(new Error('connect ECONNREFUSED')), /ECONNREFUSED/],
    [(_api, _credentials, wish) => sign(wish.request, 'b'), /is not taken: it is for/],
    [(_api, _credentials, wish) => sign(wish.request, 'a', foreign), /is not taken: it is not by the authority/],
    [async () => ({ certificate: 'nonsense', authority: '', etcdEndpoints: [] }), /./],
  ];
  for (const [request, problem] of answers) {
    lines.length = 0;
    const renewal = startRenewal({ ...options, request, now });
    await until(() => renewal.status.problem !== undefined);
    t.regex(renewal.status.problem ?? '', problem);
    t.is(read(), first);
    t.is(lines[0]?.message, 'the certificate of this host cannot be renewed, trying again');
    await renewal.close();
  }
});
