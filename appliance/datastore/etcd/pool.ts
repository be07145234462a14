/**
 * Carries calls to one of several etcd servers: stays with one as long as it serves, goes to another when it fails, and repeats
 * by itself only what was refused for its token. Stands below the client library's typed calls. I/O.
 */
import * as grpc from '@grpc/grpc-js';
import type { ICallable, Services } from 'etcd3';
import type { Member } from './member.ts';
import { isTokenRefused, TokenSource } from './token.ts';

export interface PoolOptions {
  readonly members: readonly Member[];
  readonly user: { readonly name: string; readonly password: string } | undefined;
  /** For the calls that do not say themselves until when they wait. */
  readonly timeoutMs: number;
}

/** What the calls of the client library are given. */
export interface CallOptions {
  /** Until when there must be an answer, the way to a server included. */
  readonly deadline: number;
  /** Given up sooner when the server has said nothing to anyone for so long: then it is not merely slow. */
  readonly silenceMs?: number;
}

type ServiceName = keyof typeof Services;

/** A call's way: to whom, by what, and as whom. */
export interface Route {
  readonly resource: Member;
  readonly client: grpc.Client;
  readonly metadata: grpc.Metadata;
}

type UnaryMethod = (
  request: unknown,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  done: (error: grpc.ServiceError | null, response: unknown) => void,
) => grpc.ClientUnaryCall;

type Limits = CallOptions & { readonly isSilent: () => boolean };

const TOKEN_KEY = 'token';

export class EtcdPool implements ICallable<Member> {
  readonly callOptionsFactory = undefined;
  readonly #members: readonly Member[];
  readonly #timeoutMs: number;
  readonly #tokens: TokenSource | undefined;
  #current: number;

  constructor({ members, user, timeoutMs }: PoolOptions) {
    this.#members = members;
    this.#timeoutMs = timeoutMs;
    // Clients that all begin with the first server would leave the others idle.
    this.#current = Math.floor(Math.random() * members.length);
    if (user !== undefined) this.#tokens = new TokenSource(() => this.#authenticate(user));
  }

  async exec<T>(service: ServiceName, method: string, request: unknown, options?: grpc.CallOptions): Promise<T> {
    const limits = { ...this.#limits(), ...options } as CallOptions;
    const token = await this.#tokens?.get();
    try {
      return await this.#call<T>(service, method, request, limits, token);
    } catch (error) {
      if (this.#tokens === undefined || !isTokenRefused(error)) throw error;
      await this.#tokens.forget(token);
      return this.#call<T>(service, method, request, limits, await this.#tokens.get());
    }
  }

  async withConnection<R>(service: ServiceName, fn: (route: Route) => Promise<R> | R): Promise<R> {
    const token = await this.#tokens?.get();
    return fn(await this.#route(service, token, Date.now() + this.#timeoutMs));
  }

  /** What went wrong with a stream of a member. */
  markFailed(member: Member, error: Error): void {
    if (isTransportFailure(error)) this.#avoid(member);
  }

  /** The next call goes elsewhere if there is an elsewhere, and on a new connection. */
  leave(member: Member): void {
    this.#avoid(member);
    member.reset();
  }

  /** A watch is refused for its token with the words for a lacking permission; true when asking again may help. */
  async renewToken(): Promise<boolean> {
    if (this.#tokens === undefined) return false;
    await this.#tokens.forget(await this.#tokens.get());
    await this.#tokens.get();
    return true;
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  #limits(): CallOptions {
    return { deadline: Date.now() + this.#timeoutMs };
  }

  async #call<T>(
    service: ServiceName,
    method: string,
    request: unknown,
    limits: CallOptions,
    token: string | undefined,
  ): Promise<T> {
    const route = await this.#route(service, token, limits.deadline);
    const { resource } = route;
    const sinceMs = performance.now();
    const isSilent = () => resource.heardAtMs < sinceMs;
    try {
      const answer = await unary(route, method, request, { ...limits, isSilent });
      resource.heard();
      return answer as T;
    } catch (error) {
      if (!isTransportFailure(error)) {
        resource.heard();
        throw error;
      }
      if (error.code === grpc.status.DEADLINE_EXCEEDED && isSilent()) this.leave(resource);
      else this.#avoid(resource);
      error.message = `${error.message} (${resource.endpoint})`;
      throw error;
    }
  }

  /** The first member, from the current one on, to which there is a connection. */
  async #route(service: ServiceName, token: string | undefined, deadline: number): Promise<Route> {
    const metadata = new grpc.Metadata();
    if (token !== undefined) metadata.set(TOKEN_KEY, token);
    for (let tries = 1; ; tries++) {
      const resource = this.#members[this.#current]!;
      try {
        return { resource, client: await resource.service(service, deadline), metadata };
      } catch (error) {
        if (this.#members[this.#current] === resource) this.#moveOn();
        if (tries >= this.#members.length || Date.now() >= deadline) throw error;
      }
    }
  }

  /** A lost connection is made anew by the channel itself, and a slow server has enough to do. */
  #avoid(member: Member): void {
    if (this.#members[this.#current] === member) this.#moveOn();
  }

  /** Any other one: were it the next one, a server's clients would all go to the same. */
  #moveOn(): void {
    const others = this.#members.length - 1;
    if (others > 0) this.#current = (this.#current + 1 + Math.floor(Math.random() * others)) % this.#members.length;
  }

  async #authenticate({ name, password }: { name: string; password: string }): Promise<string> {
    const { token } = await this.#call<{ token: string }>(
      'Auth',
      'authenticate',
      { name, password },
      this.#limits(),
      undefined,
    );
    return token;
  }
}

/** One call; given up when `isSilent` says so. */
function unary({ client, metadata }: Route, method: string, request: unknown, limits: Limits): Promise<unknown> {
  const call = (client as unknown as Record<string, UnaryMethod>)[method]!;
  const { deadline, silenceMs, isSilent } = limits;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const running = call.call(client, request, metadata, { deadline }, (error, response) => {
      clearInterval(timer);
      if (error === null || error === undefined) resolve(response);
      else reject(error);
    });
    if (silenceMs === undefined) return;
    const giveUp = () => {
      if (!isSilent()) return;
      reject(Object.assign(new Error('4 DEADLINE_EXCEEDED: the server says nothing'), { code: 4 }));
      running.cancel();
    };
    // What has arrived while our own event loop stood still is looked at first.
    timer = setInterval(() => setImmediate(giveUp), silenceMs).unref();
  });
}

/** Refusals by a server that can serve have other codes. */
function isTransportFailure(error: unknown): error is grpc.ServiceError {
  const { code } = error as Partial<grpc.ServiceError>;
  return code === grpc.status.UNAVAILABLE || code === grpc.status.DEADLINE_EXCEEDED;
}
