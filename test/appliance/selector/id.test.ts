import test from 'ava';
import { namedPortSetId, selectorId, serviceSetId } from '#appliance/selector/id.ts';

test('selectorId() gives the ids upstream gives', (t) => {
  t.is(selectorId('role == "web"'), 's:MR9Dy5iWW0UxNKyRkM6UiRI3iZzQ2k0xiUotow');
  t.is(
    selectorId('(role == "web" && projectcalico.org/namespace == "prod")'),
    's:9qMWxsEhtyUY4J428gYWdik0jhaIEfo4J1F2Dg',
  );
  t.is(selectorId('zone in {"eu", "us"}'), 's:ftkUqEhbaMFSPSFQS7xswpKta0_LBUNWl4o_MA');
});

test('namedPortSetId() gives the id upstream gives', (t) => {
  t.is(namedPortSetId('role == "web"', 'tcp', 'http'), 'n:5uaY0Ezzsf7zBGaRkOjZeTWB0tFSp-mHE89A5g');
});

test('serviceSetId() gives the ids upstream gives', (t) => {
  t.is(serviceSetId('prod', 'api', true), 'svc:iExwFlAB94tUNwdbLfN4fMO9iXWlNACkVZzKNQ');
  t.is(serviceSetId('prod', 'api', false), 'svcnoport:mNFHkiAh8Kj4MezQ3_fGRcfPVkGjhtYsoumxnw');
});
