/**
 * The few C library calls that netlink needs, bound through koffi. The only file that calls C. Synchronous calls run on the
 * main thread; `.async` forms run on a thread of koffi's and lose `errno`.
 * Sources: socket(2), netlink(7), setns(2), fcntl(2).
 */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { kernelErrors } from './errors.ts';

const library = koffi.load('libc.so.6');

type Call<Arguments extends readonly unknown[]> = ((...args: Arguments) => number) & {
  async(...args: [...Arguments, (error: unknown, result: number) => void]): void;
};

function bind<Arguments extends readonly unknown[]>(prototype: string): Call<Arguments> {
  return library.func(prototype) as Call<Arguments>;
}

koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'const void *' });

/** The calls as C has them: -1 on failure, the reason in `lastErrno()`. */
export const libc = {
  socket: bind<[number, number, number]>('int socket(int domain, int type, int protocol)'),
  bind: bind<[number, Buffer, number]>('int bind(int fd, const void *address, uint32_t length)'),
  connect: bind<[number, Buffer, number]>('int connect(int fd, const void *address, uint32_t length)'),
  getsockname: bind<[number, Buffer, Buffer]>('int getsockname(int fd, void *address, void *length)'),
  setsockopt: bind<[number, number, number, Buffer, number]>(
    'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
  ),
  setPacketFilter: bind<[number, number, number, { readonly len: number; readonly filter: Buffer }, number]>(
    'int setsockopt(int fd, int level, int name, const sock_fprog *program, uint32_t length)',
  ),
  getsockopt: bind<[number, number, number, Buffer, Buffer]>(
    'int getsockopt(int fd, int level, int name, void *value, void *length)',
  ),
  send: bind<[number, Buffer, number, number]>('int64_t send(int fd, const void *data, size_t length, int flags)'),
  recv: bind<[number, Buffer, number, number]>('int64_t recv(int fd, void *data, size_t length, int flags)'),
  setns: bind<[number, number]>('int setns(int fd, int kind)'),
  fcntl: bind<[number, number, number]>('int fcntl(int fd, int command, int64_t argument)'),
  close: bind<[number]>('int close(int fd)'),
} as const;

/** The errno of the last synchronous call that failed. */
export function lastErrno(): number {
  return koffi.errno();
}

/** `ENOENT` for 2. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}

/** `no such file or directory` for 2. */
export function errnoText(errno: number): string {
  return getSystemErrorMessage(-errno) ?? `error ${errno}`;
}

/** Throws KERNEL_UNAVAILABLE when a call failed; else its result. */
export function checked(result: number, what: string): number {
  if (result >= 0) return result;
  const errno = lastErrno();
  throw kernelErrors.fail('KERNEL_UNAVAILABLE', `${what}: ${errnoText(errno)}`, {
    details: { code: errnoName(errno) },
  });
}
