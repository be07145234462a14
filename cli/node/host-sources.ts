/** What a bundle about this machine holds: kernel, network, daemons, settings, store. Data, but for the questions in it. */

import { get } from './agent.ts';
import type { Source } from './bundle.ts';
import type { Places } from './run-dir.ts';

export interface HostSources {
  readonly places: Places;
  readonly logDir: string;
  /** Names of files in it. */
  readonly logs: readonly string[];
  /** What calicoctl prints for these words. */
  readonly ask: (words: readonly string[]) => Promise<string>;
}

/** In the order of the manifest. */
export function hostSources({ places, logDir, logs, ask }: HostSources): Source[] {
  return [...commands(), ...daemons(places, logDir, logs), ...store(ask)];
}

function commands(): Source[] {
  const list: [string, string][] = [
    ['host/date', 'date --iso-8601=seconds'],
    ['host/hostname', 'hostname'],
    ['host/uname', 'uname -a'],
    ['host/uptime', 'uptime'],
    ['host/memory', 'free -m'],
    ['host/disk', 'df -h'],
    ['network/links', 'ip -details -statistics link'],
    ['network/addresses', 'ip address'],
    ['network/rules-v4', 'ip -4 rule'],
    ['network/rules-v6', 'ip -6 rule'],
    ['network/routes-v4', 'ip -4 route show table all'],
    ['network/routes-v6', 'ip -6 route show table all'],
    ['network/neighbours', 'ip neighbour'],
    ['network/fdb', 'bridge fdb'],
    ['network/sockets', 'ss -tulpn'],
    ['network/socket-counts', 'ss -s'],
    ['network/nft-ruleset', 'nft list ruleset'],
    ['network/iptables-v4', 'iptables-save -c'],
    ['network/iptables-v6', 'ip6tables-save -c'],
    ['network/ipsets', 'ipset list'],
    ['network/wireguard', 'wg show'],
    ['network/conntrack-count', 'conntrack -C'],
    ['network/conntrack-stats', 'conntrack -S'],
    ['network/sysctls', 'sysctl -r ^net\\.(ipv4|ipv6|netfilter|core)\\.'],
    ['kernel/modules', 'lsmod'],
    ['kernel/messages', 'dmesg --time-format iso'],
    ['daemons/units', 'systemctl status --no-pager --full calico-node.service calico-apiserver.service bird.service'],
    ['daemons/journal-node', 'journalctl --no-pager -n 20000 -u calico-node.service'],
    ['daemons/journal-apiserver', 'journalctl --no-pager -n 20000 -u calico-apiserver.service'],
    ['daemons/journal-bird', 'journalctl --no-pager -n 5000 -u bird.service'],
  ];
  return list.map(([file, command]) => ({ type: 'command', file, command: command.split(' ') }));
}

function daemons({ runDir, dataDir, configDir }: Places, logDir: string, logs: readonly string[]): Source[] {
  const files: [string, string][] = [
    ['config/calico.env', `${configDir}/calico.env`],
    ['config/felix.cfg', `${configDir}/felix.cfg`],
    ['config/calicoctl.cfg', `${configDir}/calicoctl.cfg`],
    ['config/nodename', `${dataDir}/nodename`],
    ['kernel/conntrack', '/proc/sys/net/netfilter/nf_conntrack_count'],
    ['kernel/conntrack-max', '/proc/sys/net/netfilter/nf_conntrack_max'],
  ];
  return [
    ...files.map(([file, path]): Source => ({ type: 'file', file, path })),
    { type: 'text', file: 'daemons/agent-status.json', read: () => get(`${runDir}/node.sock`, '/status') },
    { type: 'text', file: 'daemons/agent-config.json', read: () => get(`${runDir}/node.sock`, '/config') },
    { type: 'command', file: 'config/listing', command: ['ls', '-la', configDir, runDir, dataDir] },
    ...logs.map((name): Source => ({ type: 'file', file: `logs/${name}`, path: `${logDir}/${name}` })),
  ];
}

function store(ask: (words: readonly string[]) => Promise<string>): Source[] {
  const questions: [string, string[]][] = [
    ['store/version', ['version']],
    ['store/status.json', ['datastore', 'status', '-o', 'json']],
    ['store/node-status', ['node', 'status']],
    ['store/ipam', ['ipam', 'show', '--show-blocks']],
  ];
  return questions.map(([file, words]) => ({ type: 'text', file, read: () => ask(words) }));
}
