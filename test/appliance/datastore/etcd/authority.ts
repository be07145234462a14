/** Certificates made with openssl in a directory of their own. I/O. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Authority extends Disposable {
  path(file: string): string;
  pem(file: string): Buffer;
  /** Another authority of that name. */
  authority(name: string): void;
  /** `NAME.crt` and `NAME.key`, signed by an authority; made anew when they exist. */
  certificate(authority: string, name: string, alternatives?: string): void;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Begins with one authority, `ca`. */
export function createAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'calico-test-certificates-'));
  const path = (file: string) => join(directory, file);
  const openssl = (...args: string[]) => void execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const made: Authority = {
    path,
    pem: (file) => readFileSync(path(file)),
    authority(name) {
      openssl(
        'req',
        '-x509',
        ...newKey,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.crt`,
        '-subj',
        `/CN=${name}`,
        '-days',
        '2',
      );
    },
    certificate(authority, name, alternatives = 'IP:127.0.0.1,IP:::1,DNS:localhost') {
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      writeFileSync(path(`${name}.ext`), `subjectAltName=${alternatives}\n`);
      const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
      const request = ['-req', '-in', `${name}.csr`, '-extfile', `${name}.ext`];
      openssl('x509', ...request, ...signer, '-out', `${name}.crt`, '-days', '2');
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
  made.authority('ca');
  return made;
}
