import test from 'ava';
import { openLinkWriter } from '#appliance/kernel/links-write.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { createNamespace } from './namespace.ts';

test('a veth pair reaches into another namespace, with addresses of both families', async (t) => {
  await using host = await createNamespace();
  await using guest = await createNamespace();
  const [hostLinks, guestLinks] = [openLinkWriter(host.path), openLinkWriter(guest.path)];
  const [hostKernel, guestKernel] = [openKernel({ netnsPath: host.path }), openKernel({ netnsPath: guest.path })];
  await hostLinks.addVeth({ name: 'cali0', mac: 'ee:ee:ee:ee:ee:ee' }, { name: 'eth0', mtuBytes: 1450 }, guest.path);
  const near = (await hostKernel.links()).find(({ name }) => name === 'cali0')!;
  const far = (await guestKernel.links()).find(({ name }) => name === 'eth0')!;
  t.like(near, { kind: 'veth', mac: 'ee:ee:ee:ee:ee:ee', isUp: false });
  t.is(far.mtuBytes, 1450);
  await hostLinks.setLink(near.index, { isUp: true });
  await guestLinks.setLink(far.index, { isUp: true, name: 'net1' });
  await hostLinks.addAddress(near.index, '10.9.0.1/24');
  await guestLinks.addAddress(far.index, '10.9.0.2/24');
  await guestLinks.addAddress(far.index, 'fd00:9::2/64');
  t.regex(await guest.exec('ip', '-brief', 'address', 'show', 'net1'), /10\.9\.0\.2\/24 fd00:9::2\/64/);
  t.regex(await guest.exec('ping', '-c1', '-W1', '10.9.0.1'), /1 received/);
  const twice = hostLinks.addVeth({ name: 'cali0' }, { name: 'eth1' });
  t.like((await t.throwsAsync(twice)) as unknown as object, { code: 'KERNEL_REFUSED', details: { code: 'EEXIST' } });
  await hostLinks.deleteLink(near.index);
  t.deepEqual(
    (await guestKernel.links()).map(({ name }) => name),
    ['lo'],
  );
  for (const opened of [hostLinks, guestLinks, hostKernel, guestKernel]) opened.close();
});
