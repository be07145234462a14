/** What `node init` can set, as a flag and as a question. Data. Names are the agent's; which values are good it says itself. */

export interface InitChoice {
  /** In `calico.env`. */
  readonly name: string;
  readonly flag: string;
  /** The flag's value among the others'. */
  readonly key: string;
  readonly description: string;
  /** Empty for what is not asked. */
  readonly question: string;
  readonly byDefault: string;
  /** Asked only when this is the store. */
  readonly onlyFor?: string;
}

export const initChoices: readonly InitChoice[] = [
  {
    name: 'NODENAME',
    flag: '--node <name>',
    key: 'node',
    description: "name of this node (default: the host's)",
    question: 'Name of this node',
    byDefault: '',
  },
  {
    name: 'IP',
    flag: '--ip <address>',
    key: 'ip',
    description: 'IPv4 address others reach it at: an address, autodetect, or none',
    question: 'IPv4 address (an address, autodetect, none)',
    byDefault: 'detected once',
  },
  {
    name: 'IP_AUTODETECTION_METHOD',
    flag: '--ip-autodetection-method <method>',
    key: 'ipAutodetectionMethod',
    description: 'first-found, interface=REGEX, skip-interface=REGEX, cidr=CIDR or can-reach=DESTINATION',
    question: 'How it is found (first-found, interface=REGEX, skip-interface=REGEX, cidr=CIDR, can-reach=DESTINATION)',
    byDefault: 'first-found',
  },
  {
    name: 'IP6',
    flag: '--ip6 <address>',
    key: 'ip6',
    description: 'IPv6 address: an address, autodetect, or none',
    question: 'IPv6 address (an address, autodetect, none)',
    byDefault: 'none',
  },
  {
    name: 'IP6_AUTODETECTION_METHOD',
    flag: '--ip6-autodetection-method <method>',
    key: 'ip6AutodetectionMethod',
    description: 'the same for IPv6',
    question: '',
    byDefault: 'first-found',
  },
  {
    name: 'DATASTORE_TYPE',
    flag: '--datastore <type>',
    key: 'datastore',
    description: 'embedded, or etcdv3',
    question: 'Store (embedded, etcdv3)',
    byDefault: 'embedded',
  },
  {
    name: 'ETCD_ENDPOINTS',
    flag: '--etcd-endpoints <urls>',
    key: 'etcdEndpoints',
    description: 'etcd to follow: URLs with commas between',
    question: 'Endpoints of etcd (URLs with commas between)',
    byDefault: '',
    onlyFor: 'etcdv3',
  },
  ...(
    [
      ['ETCD_CA_CERT_FILE', '--etcd-ca-cert-file <path>', 'etcdCaCertFile', 'certificate of its authority'],
      ['ETCD_CERT_FILE', '--etcd-cert-file <path>', 'etcdCertFile', 'our certificate for it'],
      ['ETCD_KEY_FILE', '--etcd-key-file <path>', 'etcdKeyFile', 'the key of that'],
    ] as const
  ).map(([name, flag, key, description]) => ({ name, flag, key, description, question: '', byDefault: '' })),
  {
    name: 'CALICO_NETWORKING_BACKEND',
    flag: '--networking-backend <backend>',
    key: 'networkingBackend',
    description: 'bird, vxlan, or none for policy only',
    question: '',
    byDefault: 'bird',
  },
];
