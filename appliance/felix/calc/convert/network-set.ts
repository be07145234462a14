/** Network sets of both kinds as contributors to IP sets. Pure. */
import { commonEnds } from '#appliance/lib/collections/list-change.ts';
import type { Work } from '#appliance/lib/work.ts';
import { namespaceLabel } from '#appliance/selector/rewrite.ts';
import type { LabelledContributor } from '../ip-set-members.ts';
import type { LabelPairs } from '../label-pairs.ts';
import { type Conversion, convertInSteps, type Fields } from './fields.ts';
import { canonicalNet, setMembersOf } from './net.ts';

/** Nets read without a rest. */
const netsAtOnce = 1_000;

/**
 * Converts a stored set; `namespace` is empty for global ones. Nets that cannot be read are passed over and reported.
 * `known`: members the set had before; where its texts are still the same they need not be read again.
 */
export function convertNetworkSet(
  namespace: string,
  value: unknown,
  known: readonly string[] = [],
): Work<Conversion<LabelledContributor>> {
  return convertInSteps(value, function* ({ metadata, spec }) {
    return {
      labels: readLabels(metadata, namespace),
      profiles: namespace === '' ? [] : [`kns.${namespace}`],
      nets: yield* readMembers(spec, known),
      ports: [],
    };
  });
}

function readLabels(metadata: Fields, namespace: string): LabelPairs {
  const stored = metadata.labels('labels');
  if (namespace === '') return stored;
  const pairs: string[] = [];
  for (let i = 0; i < stored.length; i += 2) {
    if (stored[i] !== namespaceLabel) pairs.push(stored[i]!, stored[i + 1]!);
  }
  return [...pairs, namespaceLabel, namespace];
}

/** A list that is canonical as it is stored is kept as it is. */
function* readMembers(spec: Fields, known: readonly string[]): Work<readonly string[]> {
  const texts = spec.texts('nets');
  const { head, tail } = commonEnds(texts, known);
  let members: string[] | undefined;
  for (let i = head; i < texts.length - tail; i++) {
    if ((i - head) % netsAtOnce === netsAtOnce - 1) yield;
    const found = membersOf(spec, texts[i] as string, i);
    if (members === undefined && found.length === 1 && found[0] === texts[i]) continue;
    members ??= texts.slice(0, i);
    members.push(...found);
  }
  return members === undefined ? texts : members.concat(texts.slice(texts.length - tail));
}

function membersOf(spec: Fields, text: string, index: number): readonly string[] {
  const net = canonicalNet(text, true);
  if (net !== undefined) return setMembersOf(net);
  spec.list.remark(spec.pathOf(`nets[${index}]`), 'not a network', text);
  return [];
}
