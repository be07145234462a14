/** A file of certificates: its parts, and the one with a given fingerprint. Pure. */
import { createHash, X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a bundle, each PEM. */
export function splitBundle(text: string): readonly string[] {
  return text.match(block) ?? [];
}

/** SHA-256 of a certificate (PEM), lower-case hex. */
export function pinOf(certificate: string): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
}

/** The certificate of the bundle with this fingerprint. */
export function findPinned(bundle: string, pin: string): string | undefined {
  return splitBundle(bundle).find((certificate) => {
    try {
      return pinOf(certificate) === pin;
    } catch {
      return false;
    }
  });
}
