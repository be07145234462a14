/** The address of the API server as people write it -> how to connect. Pure. */
import { cliError } from './errors.ts';

export interface Endpoint {
  /** The address as it is shown in messages. */
  readonly address: string;
  readonly isEncrypted: boolean;
  /** Set for a unix socket; host and port otherwise. */
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Reads `unix:/path`, a bare absolute path, `http://127.0.0.1:PORT` or `https://HOST:PORT`. Throws CLI_CONFIG otherwise. */
export function parseEndpoint(address: string): Endpoint {
  const socketPath = /^(?:unix:(?:\/\/)?)?(\/.+)$/.exec(address)?.[1];
  if (socketPath !== undefined) return { address: `unix:${socketPath}`, isEncrypted: false, socketPath };
  if (!URL.canParse(address)) throw unusable(address);
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unusable(address);
  if (url.protocol === 'http:' && !loopback.test(url.hostname)) {
    throw cliError('CLI_CONFIG', `API address '${address}': plain http is for loopback only; use https`);
  }
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '') throw unusable(address);
  const isEncrypted = url.protocol === 'https:';
  const port = url.port === '' ? (isEncrypted ? 5443 : 80) : Number(url.port);
  return { address, isEncrypted, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

function unusable(address: string): Error {
  return cliError(
    'CLI_CONFIG',
    `API address '${address}' is not unix:/path, http://127.0.0.1:PORT or https://HOST:PORT`,
  );
}
