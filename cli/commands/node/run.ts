/** `calicoctl node run`: upstream starts a container; here the agent is a service. Says what to do instead. */
import type { Command } from '../../command.ts';
import { exitCodes } from '../../errors.ts';

const text = `calicoctl node run starts Calico in a Docker container. Here the agent is a service of this machine and needs no container:

  systemctl enable --now calico-node

It takes from /etc/calico/calico.env (or felix.cfg) what the flags of node run set:
  --name     NODENAME               --ip, --ip6   IP, IP6
  --as       AS                     --ip-autodetection-method   IP_AUTODETECTION_METHOD (IP6_...)
  --felix-config                    /etc/calico/felix.cfg
and the store from DATASTORE_TYPE and ETCD_*. Check the machine with 'calicoctl node checksystem', and the agent with 'calicoctl node status'.
`;

export const nodeRunCommand: Command = {
  usage: '',
  description:
    'Starts nothing: the agent is a service of the machine, not a container. Says how to start it, and ends with exit code 2.',
  flags: [
    ...['--ip <ip>', '--ip6 <ip>', '--as <number>', '--name <name>', '--ip-autodetection-method <method>'],
    ...['--ip6-autodetection-method <method>', '--log-dir <path>', '--node-image <image>', '--backend <backend>'],
    ...['--dryrun', '--init-system', '--no-default-ippools', '--felix-config <path>', '--disable-docker-networking'],
    ...['--docker-networking-ifprefix <prefix>', '--use-docker-networking-container-labels', '-c, --config <path>'],
  ].map((flags) => ({ flags, description: 'taken, and not used', isHidden: true })),
  examples: ['systemctl enable --now calico-node'],
  positionals: { min: 0, max: 0 },
  async run(context) {
    context.err(text);
    return exitCodes.usage;
  },
};
