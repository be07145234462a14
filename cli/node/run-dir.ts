/** Where this machine's daemons keep sockets, data and settings. Pure. */

export interface Places {
  readonly runDir: string;
  readonly dataDir: string;
  readonly configDir: string;
}

/** As the daemons read the same environment. */
export function placesOf(env: Readonly<Record<string, string | undefined>>): Places {
  return {
    runDir: env.CALICO_RUN_DIR ?? '/run/calico',
    dataDir: env.CALICO_DATA_DIR ?? '/var/lib/calico',
    configDir: env.CALICO_CONFIG_DIR ?? '/etc/calico',
  };
}
