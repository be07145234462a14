/** The network between the servers of a cluster: a bridge in a namespace of its own, a cable to each cell. All faults are the kernel's. I/O. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execa } from 'execa';
import type { PeerNetwork } from '../target.ts';

export interface Switch extends PeerNetwork, AsyncDisposable {
  /** The address of a server. */
  address(server: number): string;
}

const script = 'ip link add name hub type bridge && ip link set hub up && echo ready && exec cat';

/** Joins the networks that these processes hold. */
export async function openSwitch(pids: readonly number[]): Promise<Switch> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(holder, 'exit');
  await Promise.race([once(holder.stdout, 'data'), gone]);
  const hub = holder.pid!;
  const address = (server: number) => `10.0.0.${server + 1}`;
  for (const [i, pid] of pids.entries()) await plug(hub, i, pid, address(i));
  const all = [...pids.keys()];
  return {
    address,
    isolate: (server) => inside(hub, 'ip', 'link', 'set', `cable${server}`, 'down'),
    lose: (server, percent) => inside(pids[server]!, 'nft', lossRules(percent)),
    throttle: (server, kilobits) =>
      inside(pids[server]!, 'tc', 'qdisc', 'replace', ...device, 'tbf', 'rate', `${kilobits}kbit`, ...queue),
    async heal() {
      for (const server of all) {
        await inside(hub, 'ip', 'link', 'set', `cable${server}`, 'up');
        await inside(pids[server]!, 'nft', 'flush ruleset');
        await inside(pids[server]!, 'tc', 'qdisc', 'replace', ...device, 'pfifo');
      }
    },
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await gone;
    },
  };
}

const device = ['dev', 'eth0', 'root'];
const queue = ['burst', '3000', 'latency', '2s'];

function lossRules(percent: number): string {
  return `add table inet loss; add chain inet loss in { type filter hook input priority 0; };
    add rule inet loss in iifname eth0 numgen random mod 100 < ${percent} drop`;
}

async function plug(hub: number, server: number, pid: number, address: string): Promise<void> {
  const cable = `cable${server}`;
  await inside(hub, 'ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await inside(hub, 'ip', 'link', 'set', cable, 'master', 'hub', 'up');
  await inside(pid, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
  await inside(pid, 'ip', 'link', 'set', 'eth0', 'up');
}

async function inside(pid: number, program: string, ...args: string[]): Promise<void> {
  await execa('nsenter', [`--net=/proc/${pid}/ns/net`, '--', program, ...args], { env: { PATH: systemPath } });
}

/** npm puts packages' programs in front, and one of them is called nft. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
