/** What a person can do about what etcd, TLS or DNS said: texts of theirs beside the setting that is likely wrong. Pure. */

const hints: readonly (readonly [RegExp, string])[] = [
  [/invalid user ID or password/, 'check ETCD_USERNAME and ETCD_PASSWORD'],
  [/user name is empty/, 'the server wants ETCD_USERNAME and ETCD_PASSWORD, or a certificate that names a user'],
  [/permission denied/, 'the roles of ETCD_USERNAME, or of the user whom the certificate names, do not cover the keys'],
  [
    /unable to verify|self-signed certificate|unable to get (local )?issuer/,
    "ETCD_CA_CERT_FILE does not hold the authority that signed the server's certificate",
  ],
  [/certificate has expired/, "the server's certificate has expired"],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, "the server's certificate does not name what ETCD_ENDPOINTS calls it"],
  [
    /alert (bad certificate|certificate (required|unknown|expired)|unknown ca)/,
    'the server wants a client certificate that it trusts: ETCD_CERT_FILE and ETCD_KEY_FILE',
  ],
  [/before secure TLS connection was established|wrong version number/, 'is it http:// in ETCD_ENDPOINTS?'],
  [/Last error: Failed to connect/, 'is it https:// in ETCD_ENDPOINTS?'],
  [
    /database space exceeded/,
    'etcd is full: compact and defragment it or raise its --quota-backend-bytes, then disarm the alarm',
  ],
];

/** A text for people: without the transport's noise, with a hint where there is one. */
export function explain(text: string): string {
  const tidy = text
    .replace(/\. Resolution note:\s*/, ' ')
    .replace(/[\s\n]*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)/, '')
    .replace(/[0-9A-F]{16}:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^:]*:\d+:[^(]*/, '$1 ')
    .trim();
  const hint = hints.find(([pattern]) => pattern.test(text))?.[1];
  return hint === undefined ? tidy : `${tidy}; ${hint}`;
}
