/**
 * Raw sockets in other network namespaces, for tests that send and see packets themselves: packet sockets on a link, raw IP sockets
 * for what reaches (or leaves) a host. Own binding of libc, so that the harness shares nothing with the product. I/O. Sources: packet(7), raw(7).
 */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const uint8_t *, int)');
const sendto = libc.func('intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, int)');
const recv = libc.func('intptr_t recv(int, _Out_ uint8_t *, size_t, int)');
const setsockopt = libc.func('int setsockopt(int, int, int, const uint8_t *, int)');
const setns = libc.func('int setns(int, int)');
const close = libc.func('int close(int)');

const AF_INET = 2;
const AF_INET6 = 10;
const AF_PACKET = 17;
const SOCK_RAW_NONBLOCK = 3 | 0o4000 | 0o2000000;
const CLONE_NEWNET = 0x40000000;
const SO_RCVBUFFORCE = 33;

export interface RawSocket {
  send(bytes: Buffer): void;
  /** Everything that has arrived, oldest first. */
  drain(): Buffer[];
  close(): void;
}

/** A packet socket that sends frames on a link and receives every frame that arrives on it. */
export function openPacketSocket(netns: string, ifindex: number): RawSocket {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(0x0003, 2);
  address.writeInt32LE(ifindex, 4);
  const fd = openIn(netns, AF_PACKET, 0x0300);
  check(bind(fd, address, 20), 'bind');
  return wrap(fd, (bytes) => sendto(fd, bytes, bytes.length, 0, null, 0));
}

/** A raw IP socket: receives what is delivered to the host for one protocol. */
export function openDeliverySocket(netns: string, family: 4 | 6, protocol: number): RawSocket {
  const fd = openIn(netns, family === 4 ? AF_INET : AF_INET6, protocol);
  return wrap(fd, () => {
    throw new Error('this socket only receives');
  });
}

/** A raw IP socket that sends whole packets from the host; `destinationOf` reads the address from the packet. */
export function openOriginSocket(netns: string, family: 4 | 6): RawSocket {
  const fd = openIn(netns, family === 4 ? AF_INET : AF_INET6, 255);
  return wrap(fd, (bytes) => {
    const address = Buffer.alloc(family === 4 ? 16 : 28);
    address.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
    bytes.copy(address, family === 4 ? 4 : 8, family === 4 ? 16 : 24, family === 4 ? 20 : 40);
    return sendto(fd, bytes, bytes.length, 0, address, address.length);
  });
}

function openIn(netns: string, domain: number, protocol: number): number {
  const own = openSync('/proc/self/ns/net', 'r');
  const other = openSync(`/run/netns/${netns}`, 'r');
  try {
    check(setns(other, CLONE_NEWNET), 'setns');
    const fd = socket(domain, SOCK_RAW_NONBLOCK, protocol) as number;
    const error = koffi.errno();
    check(setns(own, CLONE_NEWNET), 'setns');
    if (fd < 0) throw new Error(`socket: errno ${error}`);
    const size = Buffer.alloc(4);
    size.writeInt32LE(16 << 20);
    setsockopt(fd, 1, SO_RCVBUFFORCE, size, 4);
    return fd;
  } finally {
    closeSync(own);
    closeSync(other);
  }
}

function wrap(fd: number, send: (bytes: Buffer) => number | bigint): RawSocket {
  const buffer = Buffer.alloc(2048);
  return {
    send(bytes) {
      // A packet that the output hook drops is reported as EPERM: that is a verdict, not a failure.
      if (Number(send(bytes)) < 0 && koffi.errno() !== 1) throw new Error(`send: errno ${koffi.errno()}`);
    },
    drain() {
      const packets: Buffer[] = [];
      for (;;) {
        const n = Number(recv(fd, buffer, buffer.length, 0));
        if (n < 0) return packets;
        packets.push(Buffer.from(buffer.subarray(0, n)));
      }
    },
    close() {
      close(fd);
    },
  };
}

function check(result: number, what: string): void {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
}
