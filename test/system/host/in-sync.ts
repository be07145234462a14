/** Waits until the agent says of itself that the kernel has what the store held. I/O. */
import { until } from '../../appliance/felix/status/test-store.ts';
import type { BootedHost } from './booted-host.ts';

export async function inSync(host: BootedHost): Promise<void> {
  await until(async () => {
    const status = await host
      .run('systemctl', 'show', '--property=ActiveState,StatusText', 'calico-node')
      .catch(() => '');
    return status.includes('ActiveState=active') && status.includes('the kernel has');
  }, 60_000);
}
