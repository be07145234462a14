/** What each program goes through beside the agent, with packets and both rulesets looked at after each step. I/O. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import type { Backend } from '../../kernel/dataplane/backend-lab.ts';
import type { Program, State } from './programs.ts';
import { commonProbes, openWorld, type World } from './world.ts';

const restoreMsMax = 5_000;

/** Started before us, after us, reloaded, `iptables -F`, `nft flush ruleset`. */
export async function goThrough(
  t: ExecutionContext,
  backend: Backend,
  open: (world: World) => Promise<Program>,
): Promise<void> {
  await using world = await openWorld(backend);
  const program = await open(world);
  await world.listen('client', 9001);
  await program.start();
  const alone = (await world.rules()).theirs;
  t.not(alone, '');

  await world.startAgent();
  await expectBoth(t, world, program, 'started before us', 'running');
  t.is((await world.rules()).theirs, alone);
  const { ours } = await world.rules();

  await program.stop();
  await program.start();
  await expectRestored(t, world, ours, 'started after us');
  await expectBoth(t, world, program, 'started after us', 'running');
  t.is((await world.rules()).theirs, alone);

  await program.reload();
  await expectRestored(t, world, ours, 'reloaded');
  await expectBoth(t, world, program, 'reloaded', 'running');
  t.is((await world.rules()).theirs, alone);

  await world.exec('sh', '-c', 'iptables -F; ip6tables -F');
  const flushed = (await world.rules()).theirs;
  await expectRestored(t, world, ours, 'iptables -F');
  await expectBoth(t, world, program, 'iptables -F', 'iptables flushed');
  t.is((await world.rules()).theirs, flushed);

  await program.reload();
  await world.flushAll();
  await expectRestored(t, world, ours, 'nft flush ruleset');
  await expectBoth(t, world, program, 'nft flush ruleset', 'all flushed');
  t.is((await world.rules()).ours, ours);
  t.is((await world.rules()).theirs, '');
  t.true(world.isAgentRunning());
}

/**
 * Open is what both allow. What should be open and is not gets more chances, for the machine may be busy; so does what should be closed where theirs
 * may take our rules with them for a moment, since they share tables.
 */
async function expectBoth(t: ExecutionContext, world: World, program: Program, step: string, state: State) {
  const probes = [...commonProbes, ...program.probes];
  const wanted = probes.filter((probe) => probe.isOurs && program.isTheirs(probe, state)).map(({ name }) => name);
  let open = await world.answered(probes);
  const isAsWanted = () =>
    wanted.every((name) => open.includes(name)) && (world.backend === 'nftables' || open.length === wanted.length);
  for (let n = 0; n < 3 && !isAsWanted(); n++) {
    await sleep(500);
    open = await world.answered(probes);
  }
  t.deepEqual([...open].sort(), [...wanted].sort(), step);
}

async function expectRestored(t: ExecutionContext, world: World, ours: string, step: string): Promise<void> {
  const started = performance.now();
  while ((await world.rules()).ours !== ours) {
    if (performance.now() - started > restoreMsMax) {
      t.is((await world.rules()).ours, ours, `${step}: ours does not come back`);
      return;
    }
    await sleep(50);
  }
  t.log(`${step}: ours is there after ${Math.round(performance.now() - started)} ms`);
}
