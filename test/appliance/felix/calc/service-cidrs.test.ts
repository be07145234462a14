import test from 'ava';
import { createGraph } from '#appliance/felix/calc/graph.ts';

function config(name: string, spec: unknown) {
  return {
    key: `/calico/resources/v3/projectcalico.org/bgpconfigurations/${name}`,
    value: spec === undefined ? undefined : { kind: 'BGPConfiguration', metadata: { name }, spec },
    revision: 1,
  };
}

test('CIDRs of services are those of the default BGPConfiguration, each once, and go with it', (t) => {
  const graph = createGraph({ hostname: 'h' });
  const told = () =>
    graph.flush()?.messages.flatMap((message) => ('cidr' in message ? [`${message.type} ${message.cidr}`] : []));
  const services = (...cidrs: string[]) => cidrs.map((cidr) => ({ cidr }));
  graph.update([
    config('node.other', { serviceClusterIPs: services('10.1.0.0/16') }),
    config('default', {
      serviceClusterIPs: services('10.96.0.0/12', 'fd96::/108'),
      serviceExternalIPs: services('192.0.2.0/24', '10.96.0.0/12'),
    }),
  ]);
  graph.status('in-sync');
  t.deepEqual(told(), [
    'service-cidr-update 10.96.0.0/12',
    'service-cidr-update 192.0.2.0/24',
    'service-cidr-update fd96::/108',
  ]);
  graph.update([config('default', { serviceLoadBalancerIPs: services('192.0.2.0/24') })]);
  t.deepEqual(told(), ['service-cidr-remove 10.96.0.0/12', 'service-cidr-remove fd96::/108']);
  graph.update([config('default', { serviceLoadBalancerIPs: services('x') })]);
  t.deepEqual(told(), ['service-cidr-remove 192.0.2.0/24']);
  t.is([...graph.problems().values()].flat().length, 1, 'x is no network');
  graph.update([config('default', undefined), config('node.other', undefined)]);
  told();
  t.is(graph.rows(), 0);
});
