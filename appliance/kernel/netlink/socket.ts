/**
 * One netlink socket: sends whole buffers, receives datagrams, never waits. The kernel works inside `send`, so every answer
 * lies ready when it returns, and reading goes on until there is no more. I/O.
 * Source: netlink(7), linux/netlink.h.
 */
import { kernelErrors } from '../errors.ts';
import { checked, errnoName, errnoText, lastErrno, libc } from '../libc.ts';
import { type Message, readMessages } from './message.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_ATTACH_FILTER = 26;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_DROP_MEMBERSHIP = 2;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const EAGAIN = 11;
const EINTR = 4;
const ENOBUFS = 105;

/** Netlink's families, as protocols of the socket. */
export const NETLINK = { route: 0, netfilter: 12, generic: 16 } as const;

/** Larger than any datagram: dumps come in 32 KiB at most, notifications in 8. */
const RECEIVE_BYTES = 64 * 1024;
/** A limit, not memory: the largest transaction, and the answers to it, must fit. The kernel doubles it. */
const BUFFER_BYTES = 256 * 1024 * 1024;

/** A datagram's messages; `lost` when the kernel had no room for some; undefined when there is nothing more. */
export type Received = readonly Message[] | 'lost' | undefined;

export class NetlinkSocket {
  readonly fd: number;
  /** The largest `send` the kernel takes. */
  readonly sendBytesMax: number;
  #sequence = 1;
  #isClosed = false;
  readonly #buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES);

  /** The socket belongs to the network namespace the thread is in at this moment, for good. */
  constructor(protocol: number, options: { groups?: readonly number[]; bufferBytes?: number } = {}) {
    const { groups = [], bufferBytes = BUFFER_BYTES } = options;
    this.fd = checked(libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol), 'socket');
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    checked(libc.bind(this.fd, address, address.length), 'bind');
    this.#setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1);
    this.#setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1);
    this.#setOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
    // Refused without CAP_NET_ADMIN; then the default sizes apply, and large batches are refused by `send`.
    this.#setOption(SOL_SOCKET, SO_SNDBUFFORCE, bufferBytes);
    this.#setOption(SOL_SOCKET, SO_RCVBUFFORCE, bufferBytes);
    for (const group of groups) this.join(group);
    this.sendBytesMax = this.#option(SOL_SOCKET, SO_SNDBUF) - 32;
  }

  /** Reserves `count` sequence numbers; the first of them. */
  sequence(count = 1): number {
    if (this.#sequence + count > 0xffff_0000) this.#sequence = 1;
    const first = this.#sequence;
    this.#sequence += count;
    return first;
  }

  /** The socket's own address: what it causes is told under this number. */
  get portId(): number {
    const address = Buffer.alloc(12);
    checked(libc.getsockname(this.fd, address, Buffer.from([12, 0, 0, 0])), 'getsockname');
    return address.readUInt32LE(4);
  }

  join(group: number): void {
    checked(this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group), `join netlink group ${group}`);
  }

  leave(group: number): void {
    checked(this.#setOption(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, group), `leave netlink group ${group}`);
  }

  /** Never receives what the socket at `portId` causes. */
  leaveOut(portId: number): void {
    const filter = leaveOutProgram(portId);
    const program = { len: filter.length / 8, filter };
    checked(libc.setPacketFilter(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, program, 16), 'SO_ATTACH_FILTER');
  }

  /** Sends on this thread. */
  send(data: Buffer): void {
    this.#checkSize(data);
    for (;;) {
      if (libc.send(this.fd, data, data.length, 0) >= 0) return;
      const errno = lastErrno();
      if (errno !== EINTR) throw this.#sendFailure(errnoName(errno), errnoText(errno));
    }
  }

  /** Sends from a thread of its own; `data` must stay untouched until then. */
  async sendFromThread(data: Buffer): Promise<void> {
    this.#checkSize(data);
    const sent = await new Promise<number>((resolve, reject) => {
      libc.send.async(this.fd, data, data.length, 0, (error, result) => (error ? reject(error) : resolve(result)));
    });
    if (sent < 0) throw this.#sendFailure('EIO', 'the transaction was not taken');
  }

  /** The next datagram that lies ready. */
  receive(): Received {
    for (;;) {
      const length = libc.recv(this.fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT | MSG_TRUNC);
      if (length > this.#buffer.length) return 'lost';
      if (length >= 0) return readMessages(this.#buffer.subarray(0, length));
      const errno = lastErrno();
      if (errno === EAGAIN) return undefined;
      if (errno === ENOBUFS) return 'lost';
      if (errno !== EINTR) checked(length, 'recv');
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    libc.close(this.fd);
  }

  #checkSize(data: Buffer): void {
    if (this.#isClosed)
      throw kernelErrors.fail('KERNEL_UNAVAILABLE', 'the socket is closed', { details: { code: 'EBADF' } });
    if (data.length <= this.sendBytesMax) return;
    throw this.#sendFailure('EMSGSIZE', `${data.length} bytes exceed the socket's ${this.sendBytesMax}`);
  }

  #sendFailure(code: string, message: string): Error {
    return kernelErrors.fail('KERNEL_REFUSED', `send: ${message}`, { details: { code, message } });
  }

  #setOption(level: number, name: number, value: number): number {
    const data = Buffer.alloc(4);
    data.writeInt32LE(value);
    return libc.setsockopt(this.fd, level, name, data, data.length);
  }

  #option(level: number, name: number): number {
    const data = Buffer.alloc(4);
    const length = Buffer.from([4, 0, 0, 0]);
    checked(libc.getsockopt(this.fd, level, name, data, length), 'getsockopt');
    return data.readInt32LE();
  }
}

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const PORT_ID_OFFSET = 12;

/** A classic packet filter over the header of the first message: all messages of a datagram have one cause. */
function leaveOutProgram(portId: number): Buffer {
  const swapped = Buffer.alloc(4);
  swapped.writeUInt32LE(portId);
  const steps = [
    [LOAD_WORD, 0, 0, PORT_ID_OFFSET],
    [JUMP_IF_EQUAL, 0, 1, swapped.readUInt32BE()],
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, 0xffff_ffff],
  ] as const;
  return Buffer.concat(steps.map(([code, ifTrue, ifFalse, operand]) => encodeStep(code, ifTrue, ifFalse, operand)));
}

/** struct sock_filter. */
function encodeStep(code: number, ifTrue: number, ifFalse: number, operand: number): Buffer {
  const step = Buffer.alloc(8);
  step.writeUInt16LE(code);
  step[2] = ifTrue;
  step[3] = ifFalse;
  step.writeUInt32LE(operand, 4);
  return step;
}
