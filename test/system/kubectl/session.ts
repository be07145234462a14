/** The session of one kind: all steps that this kubectl can do, in order, each from a known beginning. */
import type { KindDefinition } from '#appliance/resources/define.ts';
import { applyingSteps } from './applying.ts';
import { readingSteps } from './reading.ts';
import { removingSteps } from './removing.ts';
import { setStage } from './stage.ts';
import type { Step } from './step.ts';
import type { World } from './world.ts';
import { writingSteps } from './writing.ts';

/** What is done on every kind with every kubectl; the rest on these kinds only, and on all with the newest. */
const essential = ['tables', 'outputs', 'create', 'labels and annotations', 'patch', 'apply', 'delete'];
const samples = ['HostEndpoint', 'NetworkPolicy', 'Tier', 'ClusterRole'];

/** Lives through everything with one kind; every failure is a line in `failures`. */
export async function liveThrough(
  world: World,
  kind: KindDefinition,
  isThorough: boolean,
  failures: string[],
): Promise<void> {
  const stage = setStage(world, kind, failures);
  const isWanted = (about: string) => isThorough || samples.includes(kind.kind) || essential.includes(about);
  const isDone = ({ about, since = 0, isFor = () => true }: Step) =>
    world.kubectl.minor >= since && isFor(kind) && isWanted(about);
  await stage.present();
  const run = async ({ about, run: steps }: Step) => {
    try {
      await steps(stage);
    } catch (error) {
      failures.push(`${world.kubectl.version} ${kind.kind}: ${about}: ${String(error)}`);
    }
  };
  for (const step of readingSteps.filter(isDone)) await run(step);
  for (const step of [...writingSteps, ...removingSteps].filter(isDone)) {
    await stage.present();
    await run(step);
  }
  for (const step of applyingSteps.filter(isDone)) {
    await stage.absent();
    await run(step);
  }
  await stage.absent();
}
