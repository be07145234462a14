/** A kubeconfig for a test's API server, in the form every Kubernetes client takes. Reads certificates. */
import type { ClientServer } from './server.ts';

/** Over https with the administrator's certificate; `port`: where to go instead of the server itself. */
export function tlsKubeconfig(server: ClientServer, port = server.httpsPort): string {
  const pem = (name: string) => server.pem(name).toString('base64');
  return kubeconfig(
    { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': pem('ca.crt') },
    { 'client-certificate-data': pem('user.crt'), 'client-key-data': pem('user.key') },
  );
}

/** Plain http on loopback: nobody has to prove anything. The JavaScript client takes http only when told that TLS does not matter. */
export function loopbackKubeconfig(server: ClientServer): string {
  return kubeconfig({ server: `http://127.0.0.1:${server.httpPort}`, 'insecure-skip-tls-verify': true }, {});
}

function kubeconfig(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
    users: [{ name: 'u', user }],
  });
}
