import test from 'ava';
import { environmentLayer, fileLayer, resolveLayers } from '#appliance/felix/config/layers.ts';

const layer = (name: string, values: Record<string, string>) => ({ name, values: new Map(Object.entries(values)) });

test('resolveLayers() lets the first layer with a text decide, and says which', (t) => {
  const resolved = resolveLayers([layer('high', { a: '1' }), layer('low', { a: '2', b: '3' })]);
  t.deepEqual(resolved.get('a'), { text: '1', layer: 'high' });
  t.deepEqual(resolved.get('b'), { text: '3', layer: 'low' });
});

test('resolveLayers() falls through an empty text, and stops at none', (t) => {
  const resolved = resolveLayers([layer('high', { a: '', b: 'none' }), layer('low', { a: '2', b: '3' })]);
  t.is(resolved.get('a')?.text, '2');
  t.is(resolved.get('b')?.text, 'none');
});

test('environmentLayer() takes FELIX_ variables in any case', (t) => {
  const { values } = environmentLayer({
    FELIX_IPV6SUPPORT: 'false',
    felix_logPrefix: 'x',
    FELIXCONFIG: 'y',
    PATH: '/',
  });
  t.deepEqual(
    [...values],
    [
      ['ipv6support', 'false'],
      ['logprefix', 'x'],
    ],
  );
});

test('fileLayer() merges sections, ignores comments and takes off quotes', (t) => {
  const text = [
    '[global]',
    'MetadataAddr = None ; nobody',
    '# LogPrefix = no',
    'LogPrefix: "calico # "  # yes\r',
    '[other]',
    'Ipv6Support=false',
    'LogSeverityScreen=',
    'nonsense',
  ].join('\n');
  t.deepEqual(Object.fromEntries(fileLayer('felix.cfg', text).values), {
    metadataaddr: 'None',
    logprefix: 'calico # ',
    ipv6support: 'false',
    logseverityscreen: '',
  });
});
