/** Damage to the table of nftables: its rules, chains and elements. I/O. */
import assert from 'node:assert/strict';
import type { Kernel, NftOperation } from '#appliance/kernel/kernel.ts';
import { rulesetOf } from '../../kernel/dataplane/real-lab.ts';
import type { TestNamespace } from '../../kernel/netlink/namespace.ts';
import type { Random } from '../../kernel/verdicts/random.ts';
import { type Damage, NothingThere, type Rules } from './rules.ts';

interface OnNftables {
  readonly host: TestNamespace;
  readonly other: Kernel;
  /** As it is to be. */
  readonly ruleset: string;
}

export async function nftablesRules(host: TestNamespace, other: Kernel): Promise<Rules> {
  const nft = { host, other, ruleset: await rulesetOf(host) };
  let count = 0;
  return {
    read: () => rulesetOf(host),
    async damage(random) {
      const damage = await random.pick([damageRule, damageRule, damageChain, damageElement, damageElement])(
        nft,
        random,
      );
      count += 1;
      return damage;
    },
    get count() {
      return count;
    },
  };
}

/** Told by the block of the ruleset that was hit: somewhere else there may be damage at any time. */
async function damageBlock(nft: OnNftables, block: string, operation: NftOperation): Promise<Damage> {
  const { host, other, ruleset } = nft;
  const wanted = blockOf(ruleset, block);
  assert(wanted !== undefined, `${block} is in the ruleset`);
  // it may be refused: what came before is being repaired
  await other.nft.apply([operation]);
  const isRepaired = async () => blockOf(await rulesetOf(host), block) === wanted;
  return { what: `${operation.type} in ${block}`, lookMs: 50, isRepaired };
}

function blockOf(ruleset: string, block: string): string | undefined {
  return ruleset.split('\n\n').find((text) =>
    text
      .trim()
      .replace(/^(set|map) /, 'set ')
      .startsWith(`${block} {`),
  );
}

async function damageRule(nft: OnNftables, random: Random): Promise<Damage> {
  const { other } = nft;
  const rules = (await other.nft.dumpTable('calico'))?.rules ?? [];
  if (rules.length === 0) throw new NothingThere();
  const { chain, handle } = random.pick(rules);
  const accept = { type: 'verdict', verdict: { code: 'accept' } } as const;
  const operation = random.pick<NftOperation>([
    { type: 'delete-rule', table: 'calico', chain, handle },
    { type: 'add-rule', table: 'calico', chain, expressions: [accept], place: { how: 'before', handle } },
    { type: 'add-rule', table: 'calico', chain, expressions: [accept], place: { how: 'replace', handle } },
  ]);
  return damageBlock(nft, `chain ${chain}`, operation);
}

async function damageChain(nft: OnNftables, random: Random): Promise<Damage> {
  const { other } = nft;
  const chains = (await other.nft.dumpTable('calico'))?.chains ?? [];
  if (chains.length === 0) throw new NothingThere();
  const { name } = random.pick(chains);
  return damageBlock(
    nft,
    `chain ${name}`,
    random.pick<NftOperation>([
      { type: 'flush-chain', table: 'calico', chain: name },
      { type: 'delete-table', table: 'calico' },
    ]),
  );
}

async function damageElement(nft: OnNftables, random: Random): Promise<Damage> {
  const { other } = nft;
  const sets = (await other.nft.dumpTable('calico'))?.sets ?? [];
  const filled: { readonly set: string; readonly elements: Awaited<ReturnType<Kernel['nft']['dumpElements']>> }[] = [];
  for (const { name } of sets) {
    const elements = await other.nft.dumpElements('calico', name).catch(() => []);
    if (elements.length > 0) filled.push({ set: name, elements });
  }
  if (filled.length === 0) throw new NothingThere();
  const { set, elements } = random.pick(filled);
  const isInterval = elements.some(({ isEnd }) => isEnd === true);
  // an interval goes as a whole, start and end
  const gone = isInterval ? elements : [random.pick(elements)];
  return damageBlock(nft, `set ${set}`, { type: 'delete-elements', table: 'calico', set, elements: gone });
}
