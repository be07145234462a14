/** The rule of policies and profiles: its types and its schema. What a schema cannot say is in `rule-check.ts`. Pure. */
import { atomicList, described, integer, map, object, oneOf, present, setOf, text } from '../../lib/schema.ts';
import { excludedCidrSchema, strictCidrSchema } from './address.ts';
import { nameSchema } from './name.ts';
import { portSchema, protocolSchema } from './scalars.ts';
import {
  longSelectorSchema,
  namespaceSelectorSchema,
  selectorSchema,
  selectorWithoutGlobalSchema,
} from './selector.ts';

/** A rule as the v3 API has it, after decoding. */
export interface Rule {
  action: 'Allow' | 'Deny' | 'Log' | 'Pass';
  ipVersion?: 4 | 6;
  protocol?: string | number;
  icmp?: IcmpMatch;
  notProtocol?: string | number;
  notICMP?: IcmpMatch;
  source?: EntityRule;
  destination?: EntityRule;
  http?: { methods?: string[]; paths?: { exact?: string; prefix?: string }[] };
  metadata?: { annotations?: Record<string, string> };
}

/** ICMP type and code. */
export interface IcmpMatch {
  type?: number;
  code?: number;
}

/** One side of a rule. Ports are numbers, `min:max` texts or names. */
export interface EntityRule {
  nets?: string[];
  selector?: string;
  namespaceSelector?: string;
  services?: { name?: string; namespace?: string };
  ports?: (number | string)[];
  notNets?: string[];
  notSelector?: string;
  notPorts?: (number | string)[];
  serviceAccounts?: { names?: string[]; selector?: string };
}

const icmp = object({ type: present(integer(0, 254)), code: present(integer(0, 255)) });

const entity = object({
  nets: described('Prefixes to match; all of one family.', setOf(strictCidrSchema(), { maxItems: 256 })),
  selector: described('Known endpoints and network sets to match.', selectorWithoutGlobalSchema),
  namespaceSelector: described(
    'Namespaces of what `selector` matches; global() means no namespace.',
    namespaceSelectorSchema,
  ),
  services: described(
    'Kubernetes service to match instead of selectors, nets and ports.',
    present(object({ name: nameSchema, namespace: nameSchema })),
  ),
  ports: described('Ports to match: numbers, ranges or names.', atomicList(portSchema, { maxItems: 50 })),
  notNets: described('Prefixes not to match.', setOf(excludedCidrSchema, { maxItems: 256 })),
  notSelector: described('Endpoints and network sets not to match.', selectorSchema),
  notPorts: described('Ports not to match.', atomicList(portSchema, { maxItems: 50 })),
  serviceAccounts: described(
    'Service accounts of the endpoints to match.',
    present(object({ names: setOf(text()), selector: longSelectorSchema })),
  ),
});

const httpPath = text({
  maxLength: 1024,
  shape: /^\/[^\s?#]*$/,
  check: (value) => (/^\/[^\s?#]*$/.test(value) ? undefined : "must start with '/' and have no blank, '?' or '#'"),
});

const http = object({
  methods: atomicList(text(), { maxItems: 20 }),
  paths: atomicList(object({ exact: httpPath, prefix: httpPath }), { maxItems: 20 }),
});

/** Schema of one rule. */
export const ruleSchema = object(
  {
    action: described('What happens to a packet that matches.', oneOf(['Allow', 'Deny', 'Log', 'Pass'])),
    ipVersion: described(
      'Match one address family only.',
      integer(undefined, undefined, { enum: [4, 6], emit: 'present' }),
    ),
    protocol: described('Protocol to match.', present(protocolSchema)),
    icmp: described('ICMP type and code to match; needs protocol ICMP or ICMPv6.', present(icmp)),
    notProtocol: described('Protocol not to match.', present(protocolSchema)),
    notICMP: described('ICMP type and code not to match.', present(icmp)),
    source: described('Where packets come from.', entity),
    destination: described('Where packets go to.', entity),
    http: described('HTTP methods and paths to match; for ingress rules that allow.', present(http)),
    metadata: described('Annotations of the rule.', present(object({ annotations: map(text()) }))),
  },
  { required: ['action'] },
);

/** Schema of a rule list. */
export const rulesSchema = atomicList(ruleSchema, { maxItems: 1024 });
