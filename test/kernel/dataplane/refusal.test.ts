/**
 * What the real kernel refuses is isolated. No policy that validation accepts is refused by it any more, so the lab spoils the rules of
 * one policy on their way: they load more than the registers hold, as a rule may be that another kernel version would take.
 */
import test from 'ava';
import type { NftOperation } from '#appliance/kernel/kernel.ts';
import {
  allowAllProfile,
  config,
  inSync,
  policy,
  policyId,
  rule,
  tier,
  workload,
} from '../../appliance/felix/dataplane/sample.ts';
import { addMachine, openRealLab } from './real-lab.ts';

const icmp = { protocol: 1 };

for (const form of ['compiled', 'linear']) {
  test.serial(
    `what the kernel refuses of one policy is told in its words and holds up nothing else (${form})`,
    async (t) => {
      let isSpoilt = true;
      let spoilt = 0;
      const alter = (operation: NftOperation) => {
        const isMeant =
          isSpoilt && operation.type === 'add-rule' && operation.comment?.startsWith('gnp/bad ingress 0 allow ');
        if (operation.type !== 'add-rule' || !isMeant) return operation;
        spoilt++;
        return spoil(operation);
      };
      await using lab = await openRealLab({ alter, isLinear: form === 'linear' });
      await using from = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
      await using _bad = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
      await using _good = await addMachine(lab.host, 'cali-c', '10.65.0.3/32', '169.254.1.1');

      await using _world = await addMachine(lab.host, 'eth0', '192.0.2.2/24', '192.0.2.1');
      await lab.host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
      await lab.host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route

      await lab.send(
        config(),
        allowAllProfile,
        policy('bad', { inbound: [rule('allow', icmp), rule('deny')] }),
        policy('good', { inbound: [rule('allow', icmp)] }),
        workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
        workload('b', { ipv4Nets: ['10.65.0.2/32'], tiers: [tier(['bad'])], profiles: ['allow'] }),
        workload('c', { ipv4Nets: ['10.65.0.3/32'], tiers: [tier(['good'])], profiles: ['allow'] }),
        inSync,
      );
      t.true(spoilt > 0);
      t.regex(lab.refused.at(-1) ?? '', /^bad: ingress rule 0: .+ \(E[A-Z]+\)$/, 'the words are the kernel’s own');
      t.true(await from.pings('10.65.0.3'), 'the other policy is enforced');
      t.false(await from.pings('10.65.0.2'), 'what would have been allowed is not, and what is denied stays denied');
      t.regex(await lab.host.exec('nft', 'list', 'counter', 'inet', 'calico', 'gnp/bad/ingress/1'), /packets [1-9]/);

      const before = await lab.ruleset();
      await lab.send(policy('late', { inbound: [rule('deny')] }), { type: 'policy-remove', id: policyId('late') });
      t.is(await lab.ruleset(), before, 'changes go on while the policy is refused');

      isSpoilt = false;
      await lab.send(policy('bad', { inbound: [rule('allow', icmp), rule('deny', { protocol: 17 })] }));
      t.is(lab.refused.at(-1), 'bad: undefined', 'no complaint any more');
      t.true(await from.pings('10.65.0.2'));
    },
  );
}

/** A rule that no kernel takes: it reads more bytes than the registers hold. */
function spoil(operation: NftOperation & { type: 'add-rule' }): NftOperation {
  return { ...operation, expressions: [{ type: 'payload', base: 'network', offset: 0, length: 200, register: 8 }] };
}
