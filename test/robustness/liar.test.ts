/** The suite itself under test: an honest store passes, and every lie is noticed. */
import test from 'ava';
import { clientLies, openLiar, watchLies } from './liar.ts';
import { runTarget } from './run.ts';

const seed = Number(process.env.ROBUSTNESS_SEED ?? Date.now() % 1_000_000);
const options = { seed, kills: 0, rounds: 0, calmOperations: 600 };

/** Lies that only the search for an order of all operations can see. */
const forTheChecker = ['a read of the past', 'a read that misses a key', 'a lease that ends early'];

test(`an honest store is found to be honest (seed ${seed})`, async (t) => {
  await using target = await openLiar();
  const { problems, verdict, record } = await runTarget(target, options);
  t.deepEqual(problems, []);
  t.is(verdict.result, 'Ok');
  t.true(verdict.operations > 200 && record.watches.length > 7);
});

for (const [name, lie] of Object.entries(clientLies)) {
  test(`${name} is noticed (seed ${seed})`, async (t) => {
    await using target = await openLiar(lie);
    const { problems, verdict } = await runTarget(target, options);
    if (forTheChecker.includes(name)) t.is(verdict.result, 'Illegal');
    else t.not(problems.length, 0);
  });
}

for (const [name, lie] of Object.entries(watchLies)) {
  test(`${name} is noticed in a watch (seed ${seed})`, async (t) => {
    await using target = await openLiar(undefined, lie);
    const { problems } = await runTarget(target, options);
    t.not(problems.length, 0);
  });
}
