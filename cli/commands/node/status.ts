/** `calicoctl node status`: how the agent of this machine is. I/O. */
import { join } from 'node:path';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { exitCodes } from '../../errors.ts';
import { readAgentStatus } from '../../node/agent.ts';
import { readBgpPeers } from '../../node/bird.ts';
import { placesOf } from '../../node/run-dir.ts';
import { printStatus } from '../../node/status-text.ts';
import { printDocument } from '../../output/document.ts';

export const nodeStatusCommand: Command = {
  usage: '[-o json|yaml]',
  description:
    'Shows version, store, revision in the kernel, policies and certificates of the agent of this machine, and BGP sessions where BIRD runs. ' +
    "Needs no root: members of the group that owns the agent's socket may ask.",
  flags: [outputFlag],
  examples: ['calicoctl node status', 'calicoctl node status -o json'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const format = documentFormat(flags);
  const { runDir } = placesOf(context.env);
  const status = await readAgentStatus(runDir);
  const [ipv4, ipv6] = await Promise.all([
    readBgpPeers(join(runDir, 'bird.ctl'), 4),
    readBgpPeers(join(runDir, 'bird6.ctl'), 6),
  ]);
  if (format === undefined) context.out(printStatus(status, { ipv4, ipv6 }));
  else await printDocument(context, format, { ...status, bgp: { ipv4: ipv4 ?? null, ipv6: ipv6 ?? null } });
  return exitCodes.ok;
}
