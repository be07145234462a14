/**
 * The label index alone: 10,000 selectors on 10,000 label sets, each with a restriction on one label. Prints build and change times.
 * Run through bin/run-ts.
 */
import { performance } from 'node:perf_hooks';
import { LabelIndex } from '#appliance/felix/calc/label-index.ts';
import { parseSelector } from '#appliance/selector/parse.ts';

const count = 10_000;
let matches = 0;
const index = new LabelIndex<number, number>({
  onMatchStart: () => void matches++,
  onMatchStop: () => void matches--,
});

function addSelector(i: number): void {
  const result = parseSelector(`role == "r${i % 1000}" && projectcalico.org/namespace == "prod"`);
  if (result.ok) index.addSelector(`s${i}`, i, result.value);
}

function setItem(i: number, role = i): void {
  const labels = ['role', `r${role % 1000}`, 'app', `a${i % 50}`, 'projectcalico.org/namespace', 'prod'];
  index.setItem(`i${i}`, i, labels, ['kns.prod']);
}

function time(name: string, times: number, work: (i: number) => void): void {
  const start = performance.now();
  for (let i = 0; i < times; i++) work(i);
  const total = performance.now() - start;
  console.log(`${name}: ${total.toFixed(0)} ms, ${((total / times) * 1000).toFixed(1)} µs each`);
}

time(`${count} selectors added`, count, addSelector);
time(`${count} label sets added`, count, setItem);
console.log(`${matches} matches`);
time('label sets changed', 1000, (i) => setItem(i, i + 1));
time('selectors removed', 1000, (i) => index.removeSelector(`s${i}`));
time('selectors added to a full index', 1000, addSelector);
