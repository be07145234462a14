/** The API over https: real certificates, made with openssl, of all the sorts that must and must not be let in. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import test from 'ava';
import { makePlace, startServer } from './apiserver-process.ts';

/** An authority of its own in `directory`, and certificates by it. */
class Authority {
  readonly #directory: string;
  readonly #name: string;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    const subject = ['-subj', `/CN=${name}`];
    this.#openssl('req', '-x509', ...this.#newKey(name), ...subject, '-out', this.#path(`${name}.crt`), '-days', '1');
  }

  get certFile(): string {
    return this.#path(`${this.#name}.crt`);
  }

  /** Signs `file`.crt for a subject such as `/O=group/CN=user`; `-days -1` makes one that has run out. */
  sign(file: string, subject: string, days = '1'): { cert: Buffer; key: Buffer; certFile: string; keyFile: string } {
    const request = this.#path(`${file}.csr`);
    const extensions = this.#path(`${file}.ext`);
    const certFile = this.#path(`${file}.crt`);
    writeFileSync(extensions, 'subjectAltName=IP:127.0.0.1\n');
    this.#openssl('req', ...this.#newKey(file), '-subj', subject, '-out', request);
    const by = ['-CA', this.certFile, '-CAkey', this.#path(`${this.#name}.key`), '-CAcreateserial'];
    this.#openssl('x509', '-req', '-in', request, ...by, '-out', certFile, '-days', days, '-extfile', extensions);
    const keyFile = this.#path(`${file}.key`);
    return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
  }

  #newKey(file: string): string[] {
    return [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      this.#path(`${file}.key`),
    ];
  }

  #path(file: string): string {
    return join(this.#directory, file);
  }

  #openssl(...words: string[]): void {
    execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

const sets = '/apis/projectcalico.org/v3/globalnetworksets';

test('over https a certificate says who asks; roles say what it may; everybody else is refused', async (t) => {
  const place = makePlace({ CALICO_API_LISTEN: 'https://127.0.0.1:0' });
  t.teardown(place.remove);
  const ours = new Authority(place.dir, 'ours');
  const others = new Authority(place.dir, 'others');
  const own = ours.sign('server', '/CN=server');
  Object.assign(place.env, {
    CALICO_API_TLS_CERT_FILE: own.certFile,
    CALICO_API_TLS_KEY_FILE: own.keyFile,
    CALICO_API_TLS_CA_FILE: ours.certFile,
  });
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const port = await portOf(server.child.stdout);
  const ca = readFileSync(ours.certFile);
  const ask = async (who: { cert?: Buffer; key?: Buffer }, method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json' };
    const request = https.request({ host: '127.0.0.1', port, method, path, ca, ...who, headers, agent: false });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode as number, body: JSON.parse(text) };
  };
  const set = { metadata: { name: 'a' }, spec: { nets: ['192.0.2.1'] } };

  const editor = ours.sign('editor', '/O=staff/O=calico:editors/CN=eve');
  const viewer = ours.sign('viewer', '/O=calico:viewers/CN=vic');
  const stranger = ours.sign('stranger', '/O=staff/CN=sam');
  const nameless = ours.sign('nameless', '/O=system:masters');
  t.is((await ask(editor, 'POST', sets, set)).status, 201);
  t.is((await ask(viewer, 'GET', sets)).body.items.length, 1);
  const refused = await ask(viewer, 'DELETE', `${sets}/a`);
  t.is(refused.status, 403);
  t.is(
    refused.body.message,
    'forbidden: User "vic" cannot delete resource "globalnetworksets" in API group "projectcalico.org" at the cluster scope',
  );
  t.is((await ask(stranger, 'GET', '/version')).status, 200);
  t.is((await ask(stranger, 'GET', sets)).status, 403);
  t.is((await ask(nameless, 'GET', '/version')).status, 401);
  const unknown = [
    {},
    others.sign('foreign', '/O=system:masters/CN=m'),
    ours.sign('old', '/O=system:masters/CN=r', '-1'),
  ];
  for (const who of unknown) t.is((await ask(who, 'GET', '/version')).status, 401);

  server.child.kill('SIGTERM');
  const { code, output } = await server.exited;
  t.is(code, 0);
  const lines = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = (message: string) => lines.filter((line) => line.message === message);
  t.like(told('changed')[0], { component: 'audit', user: 'eve', from: '127.0.0.1', verb: 'create', name: 'a' });
  t.deepEqual(
    told('denied').map(({ user, verb }) => [user, verb]),
    [
      ['vic', 'delete'],
      ['sam', 'list'],
    ],
  );
  t.deepEqual(
    told('refused').map(({ why }) => why),
    [
      'the client certificate has no common name',
      'neither a client certificate nor a token',
      'the client certificate is by another authority',
      'the client certificate has expired',
    ],
  );
});

/** The port the server tells when it serves. */
function portOf(stdout: NodeJS.ReadableStream): Promise<number> {
  let text = '';
  return new Promise((resolve, reject) => {
    stdout.on('end', () => reject(new Error(`the server ended: ${text}`)));
    stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      const found = /"https:\/\/127\.0\.0\.1:(\d+)"/.exec(text);
      if (found !== null) resolve(Number(found[1]));
    });
  });
}
