/** Reads and changes WireGuard devices; the kernel's number for the family is asked for once. I/O. */
import type { WireguardChange, WireguardDevice } from '../kernel.ts';
import { isRefusal, NetlinkReader, refused } from './dump.ts';
import { NetlinkPipeline } from './pipeline.ts';
import type { NetlinkSocket } from './socket.ts';
import {
  deviceRequest,
  familyRequest,
  joinDeviceParts,
  partsOfChange,
  readDevicePart,
  readFamily,
  writeChangePart,
} from './wireguard.ts';

export class WireguardCalls {
  readonly #reader: NetlinkReader;
  readonly #writer: NetlinkPipeline;
  #family: number | undefined;

  constructor(reads: NetlinkSocket, writes: NetlinkSocket) {
    this.#reader = new NetlinkReader(reads);
    this.#writer = new NetlinkPipeline(writes);
  }

  async read(ifindex: number): Promise<WireguardDevice | undefined> {
    try {
      const family = await this.#familyNumber();
      return joinDeviceParts(
        await this.#reader.dump(deviceRequest(family, ifindex), ({ body }) => [readDevicePart(body)]),
      );
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async change(ifindex: number, change: WireguardChange): Promise<void> {
    const family = await this.#familyNumber();
    const outcomes = await this.#writer.send(partsOfChange(change), (writer, part, sequence) =>
      writeChangePart(writer, sequence, family, ifindex, part),
    );
    const failed = outcomes.find((outcome) => outcome !== undefined);
    if (failed !== undefined) throw refused(failed.code, failed.message);
  }

  async #familyNumber(): Promise<number> {
    if (this.#family !== undefined) return this.#family;
    const [number] = await this.#reader.dump(familyRequest, ({ body }) => {
      const found = readFamily(body);
      return found === undefined ? [] : [found];
    });
    if (number === undefined) throw refused('ENOENT', 'the kernel has no WireGuard');
    this.#family = number;
    return number;
  }
}

/** No such device, a device of another kind, or a kernel without WireGuard. */
function isAbsent(error: unknown): boolean {
  return isRefusal(error, ['ENODEV', 'ENOENT', 'ENOTSUP', 'EOPNOTSUPP']);
}
