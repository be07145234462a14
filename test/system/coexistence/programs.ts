/**
 * Programs that keep rules of their own on a host, each made ready in a folder and namespace of its own: ufw, firewalld and fail2ban are the real
 * ones; Docker and libvirt cannot run in a bare namespace, so the rules that they make are loaded as they make them (Docker Engine 20 to 27 over
 * iptables with one bridge and two published ports; libvirt 10.4 and later over nftables with its default network). I/O.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../appliance/felix/status/test-store.ts';
import { clientAddress, hostAddress, type Probe, pause, type World } from './world.ts';

/** What has become of the program's rules. */
export type State = 'running' | 'iptables flushed' | 'all flushed';

export interface Program {
  start(): Promise<void>;
  stop(): Promise<void>;
  reload(): Promise<void>;
  readonly probes: readonly Probe[];
  /** What the program's own rules say. */
  isTheirs(probe: Probe, state: State): boolean;
}

type Programs = Readonly<Record<string, (world: World) => Promise<Program>>>;

export const realPrograms: Programs = { ufw: openUfw, firewalld: openFirewalld, fail2ban: openFail2ban };
export const loadedRules: Programs = { docker: openDocker, libvirt: openLibvirt };

async function openUfw({ folder, exec }: World): Promise<Program> {
  cpSync('/etc/ufw', join(folder, 'ufw'), { recursive: true });
  cpSync('/etc/default/ufw', join(folder, 'default-ufw'));
  // inside `ip netns exec` mounts are its own
  const script = 'mount --bind "$0/ufw" /etc/ufw && mount --bind "$0/default-ufw" /etc/default/ufw && exec ufw "$@"';
  const ufw = (...words: string[]) => exec('sh', '-c', script, folder, ...words);
  await ufw('default', 'allow', 'routed');
  for (const port of [8001, 8003]) await ufw('allow', `${port}/tcp`);
  return {
    start: async () => void (await ufw('--force', 'enable')),
    stop: async () => void (await ufw('disable')),
    reload: async () => void (await ufw('reload')),
    probes: [],
    isTheirs({ name }, state) {
      if (state === 'all flushed' || name.startsWith('workload')) return true;
      // `iptables -F` leaves the policies of the chains: ufw's for input is to drop
      return state === 'running' && name !== 'host 8002';
    },
  };
}

async function openFirewalld(world: World): Promise<Program> {
  const { folder, exec } = world;
  const bus = `unix:path=${join(folder, 'bus')}`;
  const allow = '<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>';
  writeFileSync(
    join(folder, 'bus.conf'),
    `<busconfig><type>system</type><listen>${bus}</listen><auth>EXTERNAL</auth><policy context="default">${allow}</policy></busconfig>`,
  );
  mkdirSync(join(folder, 'firewalld/zones'), { recursive: true });
  const ports = [8001, 8003].map((port) => `<port port="${port}" protocol="tcp"/>`).join('');
  writeFileSync(join(folder, 'firewalld/zones/public.xml'), `<zone><short>Public</short>${ports}<forward/></zone>`);
  // workloads are a zone of their own, which forwarded packets may enter and leave: docs/hosts.md
  const zone = `<zone target="ACCEPT"><short>Workloads</short><interface name="cali+"/></zone>`;
  writeFileSync(join(folder, 'firewalld/zones/workloads.xml'), zone);
  mkdirSync(join(folder, 'firewalld/policies'));
  const policy = (from: string, to: string) =>
    `<policy target="ACCEPT"><ingress-zone name="${from}"/><egress-zone name="${to}"/></policy>`;
  writeFileSync(join(folder, 'firewalld/policies/to-workloads.xml'), policy('ANY', 'workloads'));
  writeFileSync(join(folder, 'firewalld/policies/from-workloads.xml'), policy('workloads', 'ANY'));
  const env = { DBUS_SYSTEM_BUS_ADDRESS: bus };
  world.spawn('dbus', ['dbus-daemon', '--nofork', `--config-file=${join(folder, 'bus.conf')}`]);
  const client = (...words: string[]) => exec('env', `DBUS_SYSTEM_BUS_ADDRESS=${bus}`, 'firewall-cmd', ...words);
  let daemon: { end(): Promise<void> } | undefined;
  return {
    async start() {
      const words = [
        '--nofork',
        '--nopid',
        '--system-config',
        join(folder, 'firewalld'),
        '--log-file',
        join(folder, 'firewalld.log'),
      ];
      daemon = world.spawn('firewalld', ['firewalld', ...words], env);
      await until(() => client('--state').then(() => true, pause), 20_000);
    },
    stop: async () => daemon?.end(),
    reload: async () => void (await client('--reload')),
    probes: [],
    isTheirs: ({ name }, state) => state === 'all flushed' || name !== 'host 8002',
  };
}

async function openDocker(world: World): Promise<Program> {
  await addBridge(world, 'docker0', '172.17.0.1/16');
  await world.addMachine('container', 'vethd', '172.17.0.2/16', '172.17.0.1');
  await world.exec('ip', 'link', 'set', 'vethd', 'master', 'docker0');
  await world.listen('container', 80, 81, 82);
  const restore = (rules: string) => world.exec('sh', '-c', 'printf "%s" "$0" | iptables-restore --noflush', rules);
  const clear = () => world.exec('sh', '-c', dockerRulesGone);
  return {
    start: async () => void (await restore(dockerRules)),
    stop: async () => void (await clear()),
    async reload() {
      await clear();
      await restore(dockerRules);
    },
    probes: [
      { name: 'published', source: clientAddress, target: hostAddress, port: 8080, isOurs: true },
      { name: 'published, but not by us', source: clientAddress, target: hostAddress, port: 8082, isOurs: false },
      { name: 'not published', source: clientAddress, target: '172.17.0.2', port: 81, isOurs: true },
      {
        name: 'from a container',
        from: 'container',
        source: '172.17.0.2',
        target: clientAddress,
        port: 9001,
        isOurs: true,
      },
    ],
    isTheirs({ name, port }, state) {
      const isForwarded = !name.startsWith('host');
      // its policy for forwarded packets, to drop, outlives `iptables -F`
      if (state === 'iptables flushed') return !isForwarded;
      // nobody translates the published port any more, and no process has it
      if (state === 'all flushed') return port !== 8080;
      return name !== 'not published';
    },
  };
}

const dockerRules = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8082 -j DNAT --to-destination 172.17.0.2:82
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 82 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -i cali+ -j ACCEPT
-A DOCKER-USER -o cali+ -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`;

/** Commands that take out these rules and no others; what is not there is fine. */
const dockerRulesGone = dockerRules
  .split(/^\*/m)
  .flatMap((text) => {
    const [table, ...lines] = text.split('\n');
    const run = (words: string) => `iptables -w -t ${table} ${words} 2>/dev/null || true`;
    const chains = lines.flatMap((line) => /^:(DOCKER\S*)/.exec(line)?.[1] ?? []);
    const rules = lines.filter((line) => line.startsWith('-A ') && !line.startsWith('-A DOCKER'));
    return [
      ...rules.map((rule) => run(rule.replace('-A', '-D'))),
      ...chains.map((chain) => run(`-F ${chain}`)),
      ...chains.map((chain) => run(`-X ${chain}`)),
    ];
  })
  .concat('iptables -w -P FORWARD ACCEPT')
  .join('\n');

async function openLibvirt(world: World): Promise<Program> {
  await addBridge(world, 'virbr0', '192.168.122.1/24');
  await world.addMachine('guest', 'vnet0', '192.168.122.10/24', '192.168.122.1');
  await world.exec('ip', 'link', 'set', 'vnet0', 'master', 'virbr0');
  await world.listen('guest', 80);
  const file = join(world.folder, 'libvirt.nft');
  writeFileSync(file, libvirtRules);
  const start = async () => void (await world.exec('nft', '-f', file));
  const stop = async () => void (await world.exec('nft', 'delete', 'table', 'ip', 'libvirt_network').catch(() => ''));
  return {
    start,
    stop,
    async reload() {
      await stop();
      await start();
    },
    probes: [
      { name: 'to a guest', source: clientAddress, target: '192.168.122.10', port: 80, isOurs: true },
      {
        name: 'from a guest',
        from: 'guest',
        source: '192.168.122.10',
        target: clientAddress,
        port: 9001,
        isOurs: true,
      },
      {
        name: 'from a guest to a workload',
        from: 'guest',
        source: '192.168.122.10',
        target: '10.65.0.1',
        port: 81,
        isOurs: false,
      },
    ],
    isTheirs: ({ name }, state) => state === 'all flushed' || name !== 'to a guest',
  };
}

const libvirtRules = `table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state related,established counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
`;

/** Two jails, one of each of its ways to ban: 10.9.0.3 over iptables, 10.9.0.4 over nftables. */
async function openFail2ban(world: World): Promise<Program> {
  const folder = join(world.folder, 'fail2ban');
  cpSync('/etc/fail2ban', folder, { recursive: true });
  rmSync(join(folder, 'jail.d'), { recursive: true });
  mkdirSync(join(folder, 'jail.d'));
  const log = join(folder, 'watched.log');
  writeFileSync(log, '');
  const files = ['socket', 'pidfile', 'dbfile'].map((name) => `${name} = ${join(folder, name)}`).join('\n');
  writeFileSync(
    join(folder, 'fail2ban.local'),
    `[Definition]\nlogtarget = ${join(folder, 'log')}\nsyslogsocket = auto\n${files}\n`,
  );
  // nobody answers for names here: asking for this host's own takes 20 s
  const jail = (name: string, action: string) =>
    `[${name}]\nenabled = true\nusedns = no\nignoreself = false\nport = 8001\nfilter = nginx-http-auth\nbackend = polling\nlogpath = ${log}\nbantime = 1h\nbanaction = ${action}\n`;
  writeFileSync(join(folder, 'jail.local'), jail('old', 'iptables-multiport') + jail('new', 'nftables-multiport'));
  const client = (...words: string[]) => world.exec('fail2ban-client', '-c', folder, ...words);
  const ban = async () => {
    await client('set', 'old', 'banip', '10.9.0.3');
    await client('set', 'new', 'banip', '10.9.0.4');
  };
  let daemon: { end(): Promise<void> } | undefined;
  return {
    async start() {
      daemon = world.spawn('fail2ban', ['fail2ban-server', '-c', folder, '-f', 'start']);
      await until(() => client('ping').then(() => true, pause), 20_000);
      await ban();
    },
    stop: async () => daemon?.end(),
    async reload() {
      await client('reload', '--restart', '--unban');
      await ban();
    },
    probes: [
      { name: 'banned over iptables', source: '10.9.0.3', target: hostAddress, port: 8001, isOurs: true },
      { name: 'banned over nftables', source: '10.9.0.4', target: hostAddress, port: 8001, isOurs: true },
    ],
    isTheirs({ name }, state) {
      if (name === 'banned over iptables') return state !== 'running';
      return name !== 'banned over nftables' || state === 'all flushed';
    },
  };
}

async function addBridge({ exec }: World, name: string, address: string): Promise<void> {
  await exec('ip', 'link', 'add', name, 'type', 'bridge', 'forward_delay', '0');
  await exec('ip', 'addr', 'add', address, 'dev', name);
  await exec('ip', 'link', 'set', name, 'up');
}
