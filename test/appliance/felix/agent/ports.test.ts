import test from 'ava';
import { metricsPlace } from '#appliance/felix/agent/ports.ts';
import { sampleConfig } from '../dataplane/sample.ts';

const pair = { prometheusCertFile: '/a.crt', prometheusKeyFile: '/a.key' };

test('metricsPlace() is plain without a certificate, TLS with one, and nothing half protected', (t) => {
  const place = (changes: object) => metricsPlace({ ...sampleConfig, ...changes });
  t.deepEqual(place({}), { host: '', port: 9091 });
  t.deepEqual(place(pair), {
    host: '',
    port: 9091,
    tls: { certFile: '/a.crt', keyFile: '/a.key', caFile: '', clientAuth: 'NoClientCert' },
  });
  for (const half of [{ prometheusCertFile: '/a.crt' }, { prometheusKeyFile: '/a.key' }])
    t.regex(place(half) as string, /must be given together/);
  t.regex(place({ prometheusClientAuth: 'RequireAnyClientCert' }) as string, /needs PrometheusMetricsCertFile/);
  for (const prometheusClientAuth of ['RequireAndVerifyClientCert', 'VerifyClientCertIfGiven'])
    t.regex(place({ ...pair, prometheusClientAuth }) as string, /needs PrometheusMetricsCAFile/);
  t.is(typeof place({ ...pair, prometheusClientAuth: 'RequireAnyClientCert' }), 'object');
});
