import test from 'ava';
import { planMtus } from '#appliance/felix/dataplane/linux/overlay/mtu.ts';
import { TunnelState } from '#appliance/felix/dataplane/linux/overlay/tunnel-state.ts';
import { sampleConfig } from '../sample.ts';

const link = (name: string, mtuBytes: number, isUp = true) => ({
  ...{ index: 1, name, kind: '', mac: '', mtuBytes, isUp, isRunning: isUp },
});

test('planMtus() takes the smallest of the links that lead out, less what each tunnel in use adds', (t) => {
  const state = new TunnelState('here');
  const links = [
    link('eth0', 9000),
    link('ens5', 1500),
    link('ens6', 1200, false),
    link('lo', 65536),
    link('cali1', 900),
  ];
  t.like(planMtus(links, sampleConfig, state), { host: 1500, workload: 1500 });
  t.like(planMtus([], sampleConfig, state), { host: 1460, workload: 1460 });
  state.take({ type: 'encapsulation', encapsulation: { ipip: true, vxlan: false, vxlanV6: false } });
  t.like(planMtus(links, sampleConfig, state), { ipip: 1480, workload: 1480 });
  state.take({ type: 'encapsulation', encapsulation: { ipip: true, vxlan: true, vxlanV6: true } });
  t.like(planMtus(links, sampleConfig, state), { vxlan: { 4: 1450, 6: 1430 }, workload: 1430 });
  t.like(planMtus(links, { ...sampleConfig, isVxlanEnabled: false }, state), { workload: 1480 });
  t.like(planMtus(links, { ...sampleConfig, vxlanMtu: 1400 }, state), { vxlan: { 4: 1400 }, workload: 1400 });
  t.like(planMtus(links, { ...sampleConfig, mtuInterfacePattern: '^eth' }, state), { host: 9000 });
});
