/**
 * Certificate signing requests of hosts: made where the key is, checked where the authority is. The key never travels. A request may say
 * its subject and its key, nothing else: what a certificate is good for is not the asker's to say. Source: RFC 2986.
 */
import { createPublicKey, type webcrypto } from 'node:crypto';
import 'reflect-metadata/lite';
import * as x509 from '@peculiar/x509';
import { AppError } from '../lib/errors.ts';
import { exportKey, importKey, newKeys } from './authority.ts';
import { nodesGroup, nodeUserOf } from './node-name.ts';

const requestLettersMax = 16_384;
const curves: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1'];
const rsaBits = { least: 2048, most: 8192 };

/** A new key for a host, PKCS #8 in PEM. */
export async function createNodeKey(): Promise<string> {
  return exportKey((await newKeys()).privateKey);
}

/** The request for the certificate of `node`, signed with its key. PEM. */
export async function createNodeRequest(node: string, key: string): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [nodeUserOf(node)] }, { O: [nodesGroup] }],
    keys: { privateKey: await importKey(key), publicKey: await publicKeyOf(key) },
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return `${request.toString('pem')}\n`;
}

/**
 * The public key of a request that asks for the certificate of `node` and for nothing else. Throws PKI_BAD_REQUEST, which says what is
 * wrong: another subject, extensions or attributes, a weak or unknown key, a signature that is not by that key.
 */
export async function checkNodeRequest(pem: string, node: string): Promise<x509.PublicKey> {
  const request = parse(pem);
  const wanted = [`CN=${nodeUserOf(node)}`, `O=${nodesGroup}`];
  const subject = request.subjectName
    .toJSON()
    .flatMap((part) =>
      Object.entries(part).flatMap(([name, values]) => values.map((value) => `${name}=${String(value)}`)),
    );
  if (subject.length !== wanted.length || !wanted.every((part) => subject.includes(part)))
    throw bad(`its subject must be ${wanted.join(', ')}, and is ${subject.join(', ').slice(0, 300) || 'empty'}`);
  if (request.extensions.length > 0) throw bad('it asks for extensions (such as other names); none are given');
  if (request.attributes.length > 0) throw bad('it has attributes; none are taken');
  checkKey(request.publicKey);
  if (!(await request.verify().catch(() => false))) throw bad('its signature is not by its key');
  return request.publicKey;
}

function parse(pem: string): x509.Pkcs10CertificateRequest {
  if (pem.length > requestLettersMax) throw bad('it is too long');
  try {
    return new x509.Pkcs10CertificateRequest(pem);
  } catch (error) {
    throw new AppError('PKI_BAD_REQUEST', 'request: is not a certificate signing request (PEM, PKCS #10)', {
      cause: error,
    });
  }
}

function checkKey(publicKey: x509.PublicKey): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = nodeKey(publicKey);
  if (type === 'ec' && curves.includes(details?.namedCurve ?? '')) return;
  const bits = details?.modulusLength ?? 0;
  if (type === 'rsa' && bits >= rsaBits.least && bits <= rsaBits.most) return;
  throw bad(`its key must be EC (P-256, P-384, P-521) or RSA of ${rsaBits.least} to ${rsaBits.most} bits`);
}

function nodeKey(publicKey: x509.PublicKey) {
  try {
    return createPublicKey({ key: Buffer.from(publicKey.rawData), format: 'der', type: 'spki' });
  } catch (error) {
    throw new AppError('PKI_BAD_REQUEST', 'request: its key cannot be read', { cause: error });
  }
}

async function publicKeyOf(key: string): Promise<webcrypto.CryptoKey> {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return new x509.PublicKey(der).export();
}

function bad(what: string): AppError {
  return new AppError('PKI_BAD_REQUEST', `request: ${what}`);
}
