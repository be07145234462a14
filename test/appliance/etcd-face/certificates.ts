/** An authority and certificates made by openssl in a directory of their own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  file(name: string): string;
  pem(name: string): Buffer;
  /** Makes `name.crt` and `name.key`, self-signed, to sign others with. */
  makeAuthority(name: string): void;
  /** Makes `name.crt` and `name.key`, signed by `authority`; `subject` as openssl writes it. */
  makeCertificate(authority: string, name: string, subject?: string, alternatives?: string): void;
  remove(): void;
}

export function createCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'calico-test-tls-'));
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const newKey = (name: string) => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    return [...curve, '-nodes', '-keyout', `${name}.key`];
  };
  return {
    file,
    pem: (name) => readFileSync(file(name)),
    makeAuthority(name) {
      openssl('req', '-x509', ...newKey(name), '-out', `${name}.crt`, '-subj', `/CN=${name}`, '-days', '2');
    },
    makeCertificate(authority, name, subject = `/CN=${name}`, alternatives = 'IP:127.0.0.1,DNS:localhost') {
      openssl('req', ...newKey(name), '-out', `${name}.csr`, '-subj', subject);
      writeFileSync(file(`${name}.ext`), `subjectAltName=${alternatives}\n`);
      const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
      const output = ['-out', `${name}.crt`, '-days', '2', '-extfile', `${name}.ext`];
      openssl('x509', '-req', '-in', `${name}.csr`, ...signer, ...output);
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
