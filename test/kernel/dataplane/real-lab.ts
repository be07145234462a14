/** The dataplane over the real kernel of a namespace of its own, and nft as the independent reader. I/O. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Kernel, NftOperation, OpenKernelOptions } from '#appliance/kernel/kernel.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { createNamespace, type TestNamespace } from '../netlink/namespace.ts';

export interface RealLab extends AsyncDisposable {
  readonly host: TestNamespace;
  readonly refused: string[];
  send(...messages: readonly Message[]): Promise<void>;
  /** The same host with an agent that remembers nothing. */
  restart(): Promise<void>;
  /** `nft list ruleset`, blocks sorted, counter values left out. */
  ruleset(): Promise<string>;
  /** Waits until the ruleset is this one, as long as given. */
  heals(wanted: string, withinMs: number): Promise<void>;
  /** How many transactions the dataplane has made. */
  readonly writes: number;
}

export interface RealLabOptions {
  /** Changes what is about to be sent to the kernel. */
  readonly alter?: (operation: NftOperation) => NftOperation;
  /** Policies as chains of rules instead of compiled. */
  readonly isLinear?: boolean;
  readonly noticesBy?: NonNullable<OpenKernelOptions['noticesBy']>;
}

export async function openRealLab({ alter, isLinear, noticesBy }: RealLabOptions = {}): Promise<RealLab> {
  const host = await createNamespace();
  const refused: string[] = [];
  let writes = 0;
  const open = () => {
    const kernel = altered(
      openKernel({ netnsPath: host.path, ...(noticesBy === undefined ? {} : { noticesBy }) }),
      alter,
    );
    const dataplane = createNftablesDataplane({
      kernel,
      hostname: 'host',
      log: silentLogger,
      onPass: ({ operations }) => {
        if (operations > 0) writes++;
      },
      isLinear,
      reports: {
        onWorkloadEndpointStatus() {},
        onHostEndpointStatus() {},
        onPolicyStatus: (id, problem) => refused.push(`${id.name}: ${problem}`),
        onApplied() {},
      },
    });
    const close = async () => {
      await dataplane.close();
      kernel.close();
    };
    return { dataplane, close };
  };
  let current = open();
  const ruleset = () => rulesetOf(host);
  return {
    host,
    refused,
    get writes() {
      return writes;
    },
    async send(...messages) {
      current.dataplane.accept({ revision: 1, messages });
      await current.dataplane.settled();
    },
    async restart() {
      await current.close();
      current = open();
    },
    ruleset,
    async heals(wanted, withinMs) {
      const endMs = performance.now() + withinMs;
      while (performance.now() < endMs && (await ruleset()) !== wanted) await sleep(10);
    },
    async [Symbol.asyncDispose]() {
      await current.close();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** `nft list ruleset`, blocks sorted, counter values left out. */
export async function rulesetOf(host: TestNamespace): Promise<string> {
  const text = await host.exec('nft', 'list', 'ruleset');
  return sortBlocks(text.replace(/packets \d+ bytes \d+/g, 'packets 0 bytes 0'));
}

/** The kernel, sent something else than it was to be sent. */
function altered(kernel: Kernel, alter: ((operation: NftOperation) => NftOperation) | undefined): Kernel {
  if (alter === undefined) return kernel;
  const nft: Kernel['nft'] = Object.create(kernel.nft, {
    apply: { value: (operations: readonly NftOperation[]) => kernel.nft.apply(operations.map(alter)) },
  });
  return Object.create(kernel, { nft: { value: nft } });
}

/** nft lists tables' parts in the order of creation, which tells nothing. */
function sortBlocks(text: string): string {
  return `${text
    .replace(/^table .*\{\n/gm, '')
    .replace(/^\}\n/gm, '\n')
    .split(/\n\n+/)
    .filter(Boolean)
    .sort()
    .join('\n\n')}\n`;
}

const run = promisify(execFile);

export interface Machine extends AsyncDisposable {
  readonly name: string;
  exec(program: string, ...args: string[]): Promise<string>;
  /** Whether an echo request of several is answered; the first may wait for a neighbour's address. */
  pings(address: string): Promise<boolean>;
}

/** A machine behind link `link` of `host`; it has `address` and sends everything through the host's `gateway`. */
export async function addMachine(
  host: TestNamespace,
  link: string,
  address: string,
  gateway: string,
): Promise<Machine> {
  const machine = await createNamespace();
  await run('ip', [
    '-n',
    host.name,
    'link',
    'add',
    link,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    machine.name,
  ]);
  await host.exec('ip', 'link', 'set', link, 'up');
  await machine.exec('ip', 'link', 'set', 'eth0', 'up');
  await machine.exec('ip', 'addr', 'add', address, 'dev', 'eth0');
  await machine.exec('ip', 'route', 'add', gateway, 'dev', 'eth0', 'scope', 'link').catch(() => '');
  await machine.exec('ip', 'route', 'add', 'default', 'via', gateway, 'dev', 'eth0').catch(() => '');
  return {
    name: machine.name,
    exec: machine.exec,
    pings: (target) =>
      machine.exec('ping', '-c', '4', '-i', '0.3', '-W', '1', target).then(
        () => true,
        () => false,
      ),
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}
