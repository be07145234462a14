import test from 'ava';
import { valuesOfSpec } from '#appliance/felix/config/spec-values.ts';

const valuesOf = (spec: unknown) => Object.fromEntries(valuesOfSpec({ spec }).values);

test('valuesOfSpec() writes every form of value as the text of its parameter', (t) => {
  const spec = {
    logSeverityScreen: 'Debug',
    vxlanPort: 4789,
    ipv6Support: false,
    routeRefreshInterval: '1m30s',
    iptablesLockProbeInterval: '50ms',
    logPrefix: '5m',
    externalNodesList: ['10.0.0.0/8', '192.0.2.1'],
    routeTableRange: { min: 1, max: 250 },
    routeTableRanges: [
      { min: 1, max: 2 },
      { min: 5, max: 9 },
    ],
    healthTimeoutOverrides: [{ name: 'a', timeout: '1m30s' }],
    bpfLogFilters: { eth0: 'tcp', eth1: 'udp' },
    failsafeInboundHostPorts: [
      { protocol: 'TCP', port: 22 },
      { port: 80, net: '10.0.0.0/8' },
      { protocol: 'UDP', port: 53, net: 'fd00::/8' },
    ],
    failsafeOutboundHostPorts: [],
    deviceRouteSourceAddress: null,
  };
  t.deepEqual(valuesOf(spec), {
    logseverityscreen: 'Debug',
    vxlanport: '4789',
    ipv6support: 'false',
    routerefreshinterval: '90',
    iptableslockprobeintervalmillis: '50',
    logprefix: '5m',
    externalnodescidrlist: '10.0.0.0/8,192.0.2.1',
    routetablerange: '1-250',
    routetableranges: '1-2,5-9',
    healthtimeoutoverrides: 'a=1m30s',
    bpflogfilters: 'eth0=tcp,eth1=udp,',
    failsafeinboundhostports: 'tcp:22,tcp:10.0.0.0/8:80,udp:[fd00::/8]:53',
    failsafeoutboundhostports: 'none',
  });
});

/** Fields whose parameter has another name, as upstream lists them. */
const renamed = {
  iptablesPostWriteCheckInterval: 'iptablespostwritecheckintervalsecs',
  netlinkTimeout: 'netlinktimeoutsecs',
  ipipEnabled: 'ipinipenabled',
  ipipMTU: 'ipinipmtu',
  reportingInterval: 'reportingintervalsecs',
  reportingTTL: 'reportingttlsecs',
  endpointReportingDelay: 'endpointreportingdelaysecs',
  usageReportingInitialDelay: 'usagereportinginitialdelaysecs',
  usageReportingInterval: 'usagereportingintervalsecs',
  bpfConntrackMode: 'bpfconntrackcleanupmode',
  wireguardKeepAlive: 'wireguardpersistentkeepalive',
};

test('valuesOfSpec() knows the fields whose parameter has another name', (t) => {
  for (const [field, name] of Object.entries(renamed)) t.deepEqual(Object.keys(valuesOf({ [field]: '7' })), [name]);
});

test('valuesOfSpec() lets an annotation win over the field', (t) => {
  const annotations = { 'config.projectcalico.org/VXLANPort': '1', 'config.projectcalico.org/Own': 'x', other: 'y' };
  const { values } = valuesOfSpec({ metadata: { annotations }, spec: { vxlanPort: 2 } });
  t.deepEqual(Object.fromEntries(values), { vxlanport: '1', own: 'x' });
});

test('valuesOfSpec() ignores what only a file or the environment may set, and says so', (t) => {
  const { values, problems } = valuesOfSpec({
    metadata: { annotations: { 'config.projectcalico.org/EtcdEndpoints': 'http://evil:2379' } },
    spec: {},
  });
  t.is(values.size, 0);
  t.deepEqual(
    problems.map(({ path }) => path),
    ['metadata.annotations.config.projectcalico.org/EtcdEndpoints'],
  );
});

test('valuesOfSpec() leaves out and reports values of wrong types, and keeps the others', (t) => {
  const { values, problems } = valuesOfSpec({
    spec: {
      vxlanPort: {},
      reportingInterval: 30,
      failsafeInboundHostPorts: [{ protocol: 6, port: '22' }],
      routeTableRanges: 'x',
      bpfLogFilters: { a: {} },
      logPrefix: 'kept',
    },
  });
  t.deepEqual(Object.fromEntries(values), { logprefix: 'kept' });
  t.deepEqual(
    problems.map(({ path }) => path),
    ['vxlanPort', 'reportingInterval', 'failsafeInboundHostPorts', 'routeTableRanges', 'bpfLogFilters'].map(
      (field) => `spec.${field}`,
    ),
  );
});

for (const resource of [null, 7, 'x', [], { spec: 'x' }, { spec: [] }])
  test(`valuesOfSpec() reports ${JSON.stringify(resource)} and reads nothing`, (t) => {
    const { values, problems } = valuesOfSpec(resource);
    t.is(values.size, 0);
    t.is(problems.length, 1);
  });
