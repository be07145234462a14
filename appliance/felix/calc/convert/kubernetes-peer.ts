/** Peers of Kubernetes policies as sides of our rules. Pure. */
import { peerSelector } from '#appliance/selector/rewrite.ts';
import type { Fields } from './fields.ts';
import { readNamespaceSelector, readPodSelector } from './kubernetes-selector.ts';
import { canonicalNet, readNets } from './net.ts';
import { anySide, type RuleSideInput } from './rule.ts';

/** A block of addresses, or pods by their labels and their namespaces' labels. */
export function readPeer(peer: Fields, namespace: string): RuleSideInput {
  const block = peer.child('ipBlock');
  if (block !== undefined) return readBlock(block);
  const selector = peerSelector({
    namespace,
    selector: readPodSelector(peer, 'podSelector'),
    namespaceSelector: readNamespaceSelector(peer, 'namespaceSelector'),
  });
  return { ...anySide, selector };
}

function readBlock(block: Fields): RuleSideInput {
  const text = block.text('cidr');
  const net = canonicalNet(text, false);
  if (net === undefined) block.refuse('cidr', 'not a network', text);
  return { ...anySide, nets: net === undefined ? [] : [net], notNets: readNets(block, 'except', false) };
}
