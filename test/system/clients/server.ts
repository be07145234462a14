/**
 * An API server as other people's clients meet it: https with certificates, plain http on loopback, and its unix socket for the test itself.
 * It can be stopped, killed and started again at the same addresses. I/O.
 */
import { readFileSync } from 'node:fs';
import { type Answer, call, makePlace, startServer } from '../../appliance/apiserver-process.ts';
import { freePort } from '../../appliance/datastore/etcd/etcd-server.ts';
import { createCertificates } from '../../appliance/etcd-face/certificates.ts';

const root = '/apis/projectcalico.org/v3';

export class ClientServer implements AsyncDisposable {
  readonly #place: ReturnType<typeof makePlace>;
  readonly #certificates = createCertificates();
  #running: ReturnType<typeof startServer>;
  readonly httpsPort: number;
  readonly httpPort: number;

  private constructor(httpsPort: number, httpPort: number, env: Readonly<Record<string, string>>) {
    this.httpsPort = httpsPort;
    this.httpPort = httpPort;
    this.#certificates.makeAuthority('ca');
    this.#certificates.makeCertificate('ca', 'server');
    this.#certificates.makeCertificate('ca', 'user', '/O=system:masters/CN=user');
    this.#place = makePlace({
      CALICO_API_TLS_CERT_FILE: this.file('server.crt'),
      CALICO_API_TLS_KEY_FILE: this.file('server.key'),
      CALICO_API_TLS_CA_FILE: this.file('ca.crt'),
      CALICO_LOG_LEVEL: 'warn',
      ...env,
    });
    const https = `https://127.0.0.1:${httpsPort}`;
    this.#place.env.CALICO_API_LISTEN = `unix:${this.#place.socket},${https},http://127.0.0.1:${httpPort}`;
    this.#running = startServer(this.#place);
  }

  /** Ready when it resolves; `env` has further settings. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<ClientServer> {
    const server = new ClientServer(await freePort(), await freePort(), env);
    await server.#running.ready();
    return server;
  }

  get socket(): string {
    return this.#place.socket;
  }

  get pid(): number {
    return this.#running.child.pid!;
  }

  /** Processor time used so far, in the kernel's steps of 10 ms. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Memory of the process at this moment. */
  rssMib(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  }

  /** `ca.crt`, and `user.crt` with `user.key` of an administrator. */
  file(name: string): string {
    return this.#certificates.file(name);
  }

  pem(name: string): Buffer {
    return this.#certificates.pem(name);
  }

  /** One request through the unix socket; `path` from the group's version on, as `/tiers`. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.#place, method, `${root}${path}`, body);
  }

  /** SIGTERM drains, SIGKILL does not; then again from what is on disk. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#running.child.kill(signal);
    await this.#running.exited;
    this.#running = startServer(this.#place);
    await this.#running.ready();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.child.kill('SIGTERM');
    await this.#running.exited;
    this.#place.remove();
    this.#certificates.remove();
  }
}
