/** What is done to a target while clients work: each fault is put in, left for a while, and healed. I/O. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#test/kernel/verdicts/random.ts';
import type { Server, Target } from './target.ts';

export interface Fault {
  readonly name: string;
  isPossible(target: Target): boolean;
  /** Resolves when it is healed; gives the number of kills. */
  run(target: Target, random: Random): Promise<number>;
}

/** The one that comes most often. */
export const kill: Fault = {
  name: 'kill',
  isPossible: () => true,
  async run(target, random) {
    await restart(random.pick(target.servers), random);
    return 1;
  },
};

/** All the others. */
export const faults: readonly Fault[] = [
  {
    name: 'kill all',
    isPossible: ({ servers }) => servers.length > 1,
    async run({ servers }) {
      await Promise.all(servers.map((server) => server.kill()));
      for (const server of servers) server.start();
      await Promise.all(servers.map((server) => server.ready()));
      return servers.length;
    },
  },
  {
    name: 'freeze',
    isPossible: () => true,
    async run({ servers }, random) {
      const server = random.pick(servers);
      server.freeze();
      await sleep(100 + random.below(2_000));
      server.thaw();
      return 0;
    },
  },
  {
    name: 'kill frozen',
    isPossible: () => true,
    async run({ servers }, random) {
      const server = random.pick(servers);
      server.freeze();
      await sleep(random.below(300));
      await restart(server, random);
      return 1;
    },
  },
  {
    name: 'fill disk',
    isPossible: () => true,
    async run({ servers }, random) {
      const server = random.pick(servers);
      await server.fillDisk();
      await sleep(500 + random.below(1_000));
      await server.freeDisk();
      await server.ready();
      return 0;
    },
  },
  {
    name: 'kill on full disk',
    isPossible: () => true,
    async run({ servers }, random) {
      const server = random.pick(servers);
      await server.fillDisk();
      await sleep(random.below(500));
      await server.kill();
      server.start();
      await sleep(300 + random.below(500));
      await server.freeDisk();
      await server.ready();
      return 1;
    },
  },
  {
    name: 'move clock',
    isPossible: ({ servers }) => servers.some((server) => server.moveClock !== undefined),
    async run({ servers }, random) {
      const server = random.pick(servers);
      const seconds = (random.chance(0.5) ? 1 : -1) * (60 + random.below(100_000));
      await server.moveClock?.(seconds);
      await sleep(1_500);
      await server.moveClock?.(0);
      await sleep(1_200);
      return 0;
    },
  },
  throughLinks('cut network', 1_000, (link) => link.cut()),
  throughLinks('stall network', 2_500, (link) => link.stall()),
  throughLinks('slow network', 1_500, (link, random) => link.slow(10 + random.below(100))),
  betweenPeers('isolate', (peers, server) => peers.isolate(server)),
  betweenPeers('lose packets', (peers, server, random) => peers.lose(server, 20 + random.below(40))),
  betweenPeers('throttle', (peers, server, random) => peers.throttle(server, 32 + random.below(200))),
];

/** SIGKILL and a new start; the next fault may meet a server that is still starting. */
async function restart(server: Server, random: Random): Promise<void> {
  await server.kill();
  server.start();
  if (random.chance(0.8)) await server.ready();
  await sleep(random.below(80));
}

/** Of several links one, or all. */
function throughLinks(
  name: string,
  msMax: number,
  put: (link: Target['links'][number], random: Random) => void,
): Fault {
  return {
    name,
    isPossible: ({ links }) => links.length > 0,
    async run({ links }, random) {
      const chosen = random.chance(0.5) ? links : [random.pick(links)];
      for (const link of chosen) put(link, random);
      await sleep(100 + random.below(msMax));
      for (const link of chosen) link.heal();
      return 0;
    },
  };
}

function betweenPeers(
  name: string,
  put: (peers: NonNullable<Target['peers']>, server: number, random: Random) => Promise<void>,
): Fault {
  return {
    name,
    isPossible: ({ peers }) => peers !== undefined,
    async run({ peers, servers }, random) {
      await put(peers!, random.below(servers.length), random);
      await sleep(500 + random.below(2_000));
      await peers!.heal();
      return 0;
    },
  };
}
