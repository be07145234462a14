/**
 * From interface to endpoint chain: a tree over the interfaces' names, since iptables has no maps. Pure.
 * A node with few names has a rule for each; one with many has a rule for each next character, which goes to a node of its own.
 * Source: felix's dispatch chains.
 */
import { chainName } from './names.ts';
import type { IptablesChain, IptablesRule } from './rule.ts';
import { goTo, plainChain } from './rule.ts';

/** Names a node tells apart one by one. */
const directMax = 8;

export interface DispatchTree {
  readonly root: string;
  /** Begins the names of all other nodes; short, so that what follows is never hashed together with anything. */
  readonly childPrefix: string;
  readonly option: '-i' | '-o';
  /** Interface name -> chain. */
  readonly targets: ReadonlyMap<string, string>;
  /** What ends every node: nothing, or what becomes of an interface that is not in the tree. */
  readonly end: readonly IptablesRule[];
}

/** All chains of the tree by name. */
export function renderDispatch(tree: DispatchTree): Map<string, IptablesChain> {
  const chains = new Map<string, IptablesChain>();
  addNode(chains, tree, tree.root, [...tree.targets.keys()].sort());
  return chains;
}

function addNode(chains: Map<string, IptablesChain>, tree: DispatchTree, node: string, names: readonly string[]): void {
  const rules = names.length <= directMax ? names.map((name) => leaf(tree, name)) : [...branches(chains, tree, names)];
  chains.set(node, plainChain([...rules, ...tree.end]));
}

function leaf({ option, targets }: DispatchTree, name: string): IptablesRule {
  return goTo(targets.get(name) as string, [option, name]);
}

function* branches(
  chains: Map<string, IptablesChain>,
  tree: DispatchTree,
  names: readonly string[],
): Generator<IptablesRule> {
  const shared = commonPrefix(names);
  for (const [beginning, group] of groupByBeginning(names, shared.length + 1)) {
    const [only] = group;
    if (group.length === 1 && only !== undefined) yield leaf(tree, only);
    else {
      const child = chainName(tree.childPrefix, beginning);
      addNode(chains, tree, child, group);
      yield goTo(child, [tree.option, `${beginning}+`]);
    }
  }
}

function commonPrefix(names: readonly string[]): string {
  const first = names[0] ?? '';
  const last = names.at(-1) ?? '';
  let length = 0;
  while (length < first.length && first[length] === last[length]) length++;
  return first.slice(0, length);
}

function groupByBeginning(names: readonly string[], length: number): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const beginning = name.slice(0, length);
    const group = groups.get(beginning);
    if (group === undefined) groups.set(beginning, [name]);
    else group.push(name);
  }
  return groups;
}
