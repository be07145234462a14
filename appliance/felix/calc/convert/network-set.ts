/** Network sets of both kinds as contributors to IP sets. Pure. */
import { namespaceLabel } from '#appliance/selector/rewrite.ts';
import type { LabelledContributor } from '../ip-set-members.ts';
import type { LabelPairs } from '../label-pairs.ts';
import { type Conversion, convertResource, type Fields } from './fields.ts';
import { canonicalNet, setMembersOf } from './net.ts';

/** Converts a stored set; `namespace` is empty for global ones. Nets that cannot be read are passed over and reported. */
export function convertNetworkSet(namespace: string, value: unknown): Conversion<LabelledContributor> {
  return convertResource(value, ({ metadata, spec }) => ({
    labels: readLabels(metadata, namespace),
    profiles: namespace === '' ? [] : [`kns.${namespace}`],
    nets: readMembers(spec),
    ports: [],
  }));
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

function readMembers(spec: Fields): readonly string[] {
  const members: string[] = [];
  spec.texts('nets').forEach((text, i) => {
    const net = canonicalNet(text, true);
    if (net === undefined) spec.list.remark(spec.pathOf(`nets[${i}]`), 'not a network', text);
    else members.push(...setMembersOf(net));
  });
  return members;
}
