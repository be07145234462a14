/** Damage to chains of iptables, either variant, and to IP sets. I/O. */
import { type Backend, iptablesText } from '../../kernel/dataplane/backend-lab.ts';
import type { TestNamespace } from '../../kernel/netlink/namespace.ts';
import type { Random } from '../../kernel/verdicts/random.ts';
import { type Damage, NothingThere, type Rules } from './rules.ts';

interface OnIptables {
  readonly host: TestNamespace;
  readonly variant: 'nft' | 'legacy';
  /** All there is, as it is to be: `FAMILY TABLE CHAIN` -> its rules of ours; `set NAME` -> its members. */
  readonly blocks: ReadonlyMap<string, string>;
}

const families = ['iptables', 'ip6tables'] as const;
/** Each look starts programs. */
const lookMs = 200;

export async function iptablesRules(host: TestNamespace, backend: Exclude<Backend, 'nftables'>): Promise<Rules> {
  const variant = backend === 'iptables-nft' ? 'nft' : 'legacy';
  const blocks = new Map([...(await chainsOf(host, variant)), ...(await setsOf(host))]);
  const damages = [damageRule, damageRule, damageChain, damageElement, damageElement];
  let count = 0;
  return {
    read: () => iptablesText(host, backend),
    async damage(random) {
      const damage = await random.pick(damages)({ host, variant, blocks }, random);
      count += 1;
      return damage;
    },
    get count() {
      return count;
    },
  };
}

/** Rules of ours by their chain, in order. */
async function chainsOf(host: TestNamespace, variant: 'nft' | 'legacy'): Promise<Map<string, string>> {
  const chains = new Map<string, string>();
  for (const family of families) {
    let table = '';
    for (const line of (await host.exec(`${family}-${variant}-save`)).split('\n')) {
      if (line.startsWith('*')) table = line.slice(1);
      const chain = line.startsWith('-A ') ? line.split(' ')[1]! : undefined;
      if (chain === undefined || !(chain.startsWith('cali') || line.includes('cali:'))) continue;
      const key = `${family} ${table} ${chain}`;
      chains.set(key, `${chains.get(key) ?? ''}${line}\n`);
    }
  }
  return chains;
}

async function setsOf(host: TestNamespace): Promise<Map<string, string>> {
  const sets = new Map<string, string>();
  for (const line of (await host.exec('ipset', 'save')).split('\n').sort()) {
    const [verb, name = '', member = ''] = line.split(' ');
    if (name.startsWith('cali') && verb === 'create') sets.set(`set ${name}`, sets.get(`set ${name}`) ?? '');
    if (name.startsWith('cali') && verb === 'add') {
      sets.set(`set ${name}`, `${sets.get(`set ${name}`) ?? ''}${member}\n`);
    }
  }
  return sets;
}

/** Somebody else's rule may be gone when it is to be deleted, and a chain be written anew: then there is nothing to damage. */
async function run({ host, variant, blocks }: OnIptables, key: string, words: readonly string[]): Promise<Damage> {
  const [first = '', table = ''] = key.split(' ');
  const program = first === 'set' ? ['ipset'] : [`${first}-${variant}`, '-w', '-t', table];
  await host.exec(program[0]!, ...program.slice(1), ...words).catch((error: { stderr?: string }) => {
    throw new NothingThere(`${key}: ${words.join(' ')}: ${error.stderr}`);
  });
  const read = () => (first === 'set' ? setsOf(host) : chainsOf(host, variant));
  const isRepaired = async () => (await read()).get(key) === blocks.get(key);
  return { what: `${words.join(' ')} in ${key}`, lookMs, isRepaired };
}

function pickChain({ blocks }: OnIptables, random: Random): { readonly key: string; readonly rules: string[] } {
  const keys = [...blocks.keys()].filter((key) => !key.startsWith('set '));
  const key = random.pick(keys);
  return { key, rules: blocks.get(key)!.trimEnd().split('\n') };
}

async function damageRule(on: OnIptables, random: Random): Promise<Damage> {
  const { key, rules } = pickChain(on, random);
  const chain = key.split(' ')[2]!;
  const number = String(1 + random.below(rules.length));
  const put = (option: string) => [option, chain, number, '-j', 'ACCEPT'];
  // what somebody puts into a chain of the kernel is theirs
  const puts = chain.startsWith('cali') ? [put('-I'), put('-R')] : [];
  return run(on, key, random.pick([['-D', chain, number], ...puts]));
}

/** One chain, or all of the table. */
async function damageChain(on: OnIptables, random: Random): Promise<Damage> {
  const { key } = pickChain(on, random);
  return run(on, key, random.pick([['-F', key.split(' ')[2]!], ['-F']]));
}

async function damageElement(on: OnIptables, random: Random): Promise<Damage> {
  const key = random.pick([...on.blocks].filter(([name, members]) => name.startsWith('set ') && members !== ''))[0];
  const name = key.split(' ')[1]!;
  const member = random.pick(on.blocks.get(key)!.trimEnd().split('\n'));
  return run(
    on,
    key,
    random.pick([
      ['del', name, member],
      ['flush', name],
    ]),
  );
}
