/**
 * The host endpoints that a host is to have of itself: the default one for all interfaces, and those of templates. Names, labels, addresses and
 * profiles are those Calico's own controller gives, so that either may make them. Pure. Source: Calico's node controller.
 */
import { createHash } from 'node:crypto';
import type { HostEndpointTemplate } from '../resources/kinds/kube-controllers-configuration.ts';
import type { NodeSpec } from '../resources/kinds/node.ts';
import type { Resource } from '../resources/resource.ts';
import { compileSelector, labelsOfRecord } from '../selector/match.ts';
import { parseSelector } from '../selector/parse.ts';
import { addressesWithin, isAddress, nodeAddresses } from './node-addresses.ts';
import type { AutomaticSettings } from './settings.ts';

export const createdByLabel = 'projectcalico.org/created-by';
export const createdByValue = 'calico-kube-controllers';
const profile = 'projectcalico-default-allow';
const nameLengthMax = 253;

/** As much of an endpoint as is compared. */
export interface WantedEndpoint {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly node: string;
    readonly interfaceName?: string;
    readonly expectedIPs?: readonly string[];
  };
}

export interface Wanted {
  readonly endpoints: readonly WantedEndpoint[];
  /** Templates that cannot be used. What they made before stays: nobody knows which of it is meant. */
  readonly problems: readonly string[];
}

export function wantedEndpoints(node: Resource, settings: AutomaticSettings): Wanted {
  if (!settings.isOn) return { endpoints: [], problems: [] };
  const addresses = nodeAddresses(node.spec as NodeSpec);
  const problems: string[] = [];
  const endpoints = settings.hasDefault
    ? [makeEndpoint(node, {}, nameOf(node), { interfaceName: '*', addresses })]
    : [];
  for (const template of settings.templates) {
    const made = fromTemplate(node, template, addresses);
    if (typeof made === 'string') problems.push(`template ${template.generateName}: ${made}`);
    else endpoints.push(...made);
  }
  return { endpoints, problems };
}

/** A text says what is wrong with the template. */
function fromTemplate(
  node: Resource,
  template: HostEndpointTemplate,
  addresses: readonly string[],
): readonly WantedEndpoint[] | string {
  const { generateName = '', nodeSelector = '', interfacePattern = '', interfaceCIDRs = [] } = template;
  const selector = parseSelector(nodeSelector);
  if (!selector.ok) return `nodeSelector: ${selector.problems[0]?.message}`;
  if (!compileSelector(selector.value)(labelsOfRecord(node.metadata.labels ?? {}))) return [];
  const within = addressesWithin(addresses, interfaceCIDRs);
  if (interfacePattern === '') {
    // neither a name nor an address would be no endpoint at all
    return within.length === 0 ? [] : [makeEndpoint(node, template, nameOf(node, generateName), { addresses: within })];
  }
  const pattern = compilePattern(interfacePattern);
  if (pattern === undefined) return 'interfacePattern is no regular expression';
  const { interfaces = [] } = node.spec as NodeSpec;
  return interfaces.flatMap(({ name = '', addresses: own = [] }) => {
    if (!pattern.test(name)) return [];
    const all = [...new Set([...within, ...own.filter(isAddress)])];
    return [makeEndpoint(node, template, nameOf(node, generateName, name), { interfaceName: name, addresses: all })];
  });
}

interface Place {
  readonly interfaceName?: string;
  readonly addresses: readonly string[];
}

function makeEndpoint(
  node: Resource,
  { labels = {}, annotations = {} }: HostEndpointTemplate,
  name: string,
  { interfaceName, addresses }: Place,
): WantedEndpoint {
  return {
    name,
    labels: { ...node.metadata.labels, ...labels, [createdByLabel]: createdByValue },
    annotations,
    spec: {
      node: node.metadata.name,
      ...(interfaceName === undefined ? {} : { interfaceName }),
      ...(addresses.length === 0 ? {} : { expectedIPs: addresses }),
      profiles: [profile],
    },
  };
}

/** A name that would be too long becomes its hash. */
function nameOf(node: Resource, ...parts: readonly string[]): string {
  const name = [node.metadata.name, ...parts, 'auto-hep'].join('-');
  if (name.length <= nameLengthMax) return name;
  const hash = createHash('sha256').update(name).digest('base64url');
  return `${hash.replace(/[-_.]/g, '')}-auto-hep`.toLowerCase();
}

function compilePattern(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}
