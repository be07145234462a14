/**
 * The authority of a server: its key from a file, its certificate the one of the bundle that belongs to that key. Read anew for each
 * certificate, which are few, so that replaced files count at once. I/O.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError, hasCode } from '../lib/errors.ts';
import type { KeyPair } from './authority.ts';
import { splitBundle } from './bundle.ts';

/** Throws PKI_NO_AUTHORITY when this server has no key, or one that no certificate of the bundle belongs to. */
export function readSigner(caFile: string, keyFile: string): KeyPair {
  const key = readKey(keyFile);
  const certificate = splitBundle(readFileSync(caFile, 'utf8')).find((text) => isFor(text, key));
  if (certificate !== undefined) return { certificate: `${certificate}\n`, key };
  throw new AppError('PKI_NO_AUTHORITY', `this server cannot sign: no certificate in ${caFile} belongs to ${keyFile}`);
}

function readKey(keyFile: string): string {
  try {
    return readFileSync(keyFile, 'utf8');
  } catch (error) {
    const why = hasCode(error, 'ENOENT') ? `there is no ${keyFile}` : (error as Error).message;
    throw new AppError(
      'PKI_NO_AUTHORITY',
      `this server cannot sign certificates: ${why}; join at the server that has the authority's key (CALICO_CA_KEY_FILE)`,
      { cause: error },
    );
  }
}

function isFor(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
