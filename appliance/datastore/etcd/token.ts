/**
 * The token by which etcd knows a user: fetched when first needed, shared by all calls, and fetched anew when etcd refuses it:
 * it ran out, the server was restarted, or users and roles have changed since. I/O through `authenticate`.
 */

/** What etcd says to a token it does not take. Such a request has not been done. */
const refusals = [
  'invalid auth token',
  'revision of auth store is old',
  'user name is empty',
  'revision in header is old',
];

/** True when a new token may help. */
export function isTokenRefused(error: unknown): boolean {
  return error instanceof Error && refusals.some((text) => error.message.includes(text));
}

export class TokenSource {
  readonly #authenticate: () => Promise<string>;
  #token: Promise<string | undefined> | undefined;

  constructor(authenticate: () => Promise<string>) {
    this.#authenticate = authenticate;
  }

  /** The token in use; undefined on a server that asks nobody who he is. */
  get(): Promise<string | undefined> {
    this.#token ??= this.#fetch();
    return this.#token;
  }

  /** `token` was refused; whoever comes next fetches a new one, unless somebody did already. */
  async forget(token: string | undefined): Promise<void> {
    const held = this.#token;
    if (held === undefined || (await held.catch(() => undefined)) !== token) return;
    if (this.#token === held) this.#token = undefined;
  }

  #fetch(): Promise<string | undefined> {
    const fetched = this.#authenticate().catch((error: unknown) => {
      if (error instanceof Error && error.message.includes('authentication is not enabled')) return undefined;
      if (this.#token === fetched) this.#token = undefined;
      throw error;
    });
    return fetched;
  }
}
