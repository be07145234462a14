/**
 * A small certificate authority: makes itself, and certificates by itself. Texts in, texts out (PEM); keys are drawn by WebCrypto.
 * Source: RFC 5280; the library prints the ASN.1.
 */
import { randomBytes, webcrypto } from 'node:crypto';
import 'reflect-metadata/lite';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** `seconds` counts instead of `days` when it is given. */
export interface Validity {
  readonly from: Date;
  readonly days: number;
  readonly seconds?: number;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Groups, for identities. */
  readonly organizations?: readonly string[];
  /** Host names and addresses that a server is reached by. */
  readonly hosts?: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[];
  /** What it is for: a server is a client of its peers too. */
  readonly usage: 'server' | 'client';
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** Clocks of hosts differ: a new certificate is good at once everywhere. Short-lived ones go back by a tenth of their life. */
const backdatedMsMax = 5 * 60_000;

/** An authority that signs certificates of hosts and people, and no other authorities. */
export async function createAuthority(name: string, validity: Validity): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    ...stamps(validity),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A certificate by `authority` and the new key it is for; it ends no later than the authority does. Throws when the authority's texts are none. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  validity: Validity,
): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await signCertificate(authority, keys.publicKey, request, validity);
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** A certificate by `authority` for a key that somebody else keeps; PEM. It ends no later than the authority does. */
export async function signCertificate(
  authority: KeyPair,
  publicKey: x509.PublicKeyType,
  request: CertificateRequest,
  validity: Validity,
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const { notBefore, notAfter, serialNumber, signingAlgorithm } = stamps(validity);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [request.commonName] }, ...(request.organizations ?? []).map((group) => ({ O: [group] }))],
    issuer: issuer.subject,
    publicKey,
    signingKey: await importKey(authority.key),
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    serialNumber,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages(request.usage)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...alternativeNames(request),
    ],
  });
  return pem(certificate);
}

/** When a certificate ends. Throws when the text is none. */
export function endOf(certificate: string): Date {
  return new x509.X509Certificate(certificate).notAfter;
}

function usages(usage: CertificateRequest['usage']): x509.ExtendedKeyUsage[] {
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  return usage === 'server' ? [serverAuth, clientAuth] : [clientAuth];
}

function alternativeNames({ hosts = [] }: CertificateRequest): x509.Extension[] {
  return hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...hosts])];
}

function stamps({ from, days, seconds }: Validity) {
  const lifetimeMs = seconds === undefined ? days * dayMs : seconds * 1000;
  const notBefore = new Date(from.getTime() - Math.min(backdatedMsMax, lifetimeMs / 10));
  const notAfter = new Date(from.getTime() + lifetimeMs);
  // a positive number: the first bit is its sign
  const serialNumber = `7f${randomBytes(15).toString('hex')}`;
  return { notBefore, notAfter, serialNumber, signingAlgorithm: algorithm };
}

/** A new pair of the one kind that is made here: P-256. */
export function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

/** PKCS #8, PEM. */
export async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** A private key of PKCS #8, to sign with. Throws when the text is none of our kind. */
export function importKey(text: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(text), algorithm, false, ['sign']);
}
