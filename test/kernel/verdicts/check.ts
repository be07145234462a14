/** Sends the flows of a world, then the answers to those that came through, and says in words what differs from what the evaluator expects. I/O. */
import { evaluate, isAnswerTracked } from './evaluate.ts';
import type { Arrival, Lab } from './lab.ts';
import type { Flow, GenWorld, Packet } from './model.ts';

export interface Check {
  readonly wrong: readonly string[];
  readonly allowed: number;
  /** How many came out with an address changed, and how many answers were looked at. */
  readonly translated: number;
  readonly answered: number;
}

export async function checkFlows(lab: Lab, world: GenWorld, flows: readonly Flow[]): Promise<Check> {
  const arrivals = await lab.probe(flows);
  const wrong = flows.flatMap((flow, i) => difference(world, flow, arrivals[i]));
  const answers = flows.flatMap((flow, i) => answerTo(world, flow, arrivals[i]));
  const fates = await lab.follow(answers.map(({ answer }) => answer));
  for (const [i, { flow, answer }] of answers.entries()) wrong.push(...differenceOfAnswer(flow, answer, fates[i]));
  return {
    wrong,
    allowed: arrivals.filter((arrival) => arrival !== undefined).length,
    translated: flows.filter((flow, i) => isTranslated(flow, arrivals[i])).length,
    answered: answers.length,
  };
}

function difference(world: GenWorld, flow: Flow, arrival: Arrival | undefined): string[] {
  const { verdict, sources, destination } = evaluate(world, flow);
  const what = JSON.stringify(flow);
  if ((verdict === 'allow') !== (arrival !== undefined)) {
    return [`${arrival === undefined ? 'was dropped' : 'came through'}, should be ${verdict}: ${what}`];
  }
  if (arrival?.source === undefined) return [];
  if (sources.includes(arrival.source) && arrival.destination === destination) return [];
  const wanted = `${sources.join(' or ')} > ${destination}`;
  return [`came out as ${arrival.source} > ${arrival.destination}, should be ${wanted}: ${what}`];
}

function isTranslated({ packet }: Flow, arrival: Arrival | undefined): boolean {
  if (arrival?.source === undefined) return false;
  return arrival.source !== packet.source || arrival.destination !== packet.destination;
}

/** The answer to what arrived, from there. TCP would want numbers that fit; UDP shows as well that known flows pass. */
function answerTo(world: GenWorld, flow: Flow, arrival: Arrival | undefined): { flow: Flow; answer: Flow }[] {
  const { protocol, family } = flow.packet;
  if (arrival === undefined || protocol !== 'UDP') return [];
  const { source = flow.packet.source, destination = flow.packet.destination, sourcePort, destinationPort } = arrival;
  const packet: Packet = {
    ...{ family, protocol, source: destination, destination: source },
    ...{ sourcePort: destinationPort!, destinationPort: sourcePort! },
  };
  if (!isAnswerTracked(world, flow, packet)) return [];
  return [{ flow, answer: { from: flow.to, to: flow.from, packet } }];
}

/** Every answer comes back, from the address that was asked. */
function differenceOfAnswer({ from, packet }: Flow, answer: Flow, arrival: Arrival | undefined): string[] {
  const what = `${JSON.stringify(answer)} to ${JSON.stringify({ from, packet })}`;
  if (arrival === undefined) return [`the answer was dropped: ${what}`];
  const { source = packet.destination, destination = packet.source, destinationPort } = arrival;
  const isRight = source === packet.destination && destination === packet.source;
  const isPortRight = packet.sourcePort === 0 || destinationPort === packet.sourcePort;
  return isRight && isPortRight ? [] : [`the answer came as ${JSON.stringify(arrival)}: ${what}`];
}
