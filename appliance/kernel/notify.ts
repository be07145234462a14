/**
 * Tells systemd how the service is: started, alive, stopping. A datagram to the socket that `NOTIFY_SOCKET` names; without one every call
 * does nothing. I/O. Source: sd_notify(3), unix(7), sd_watchdog_enabled(3).
 */
import { checked, libc } from './libc.ts';

export interface ServiceManager {
  /** The service has started. */
  ready(): void;
  /** From now on the watchdog hears of us only while this holds: one that is stuck is to be started anew. */
  beatWhile(isAlive: () => boolean): void;
  /** It reads its settings again; `ready()` says when that is done. */
  reloading(): void;
  /** It is about to stop: no heartbeat is due any more. */
  stopping(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

const unixFamily = 1;
const datagram = 2;
const closeOnExec = 0o2000000;
const doNotSignal = 0x4000;
/** `sun_path` of unix(7), its closing zero left out. */
const pathBytesMax = 107;

/** The service manager of this process; starts the watchdog's heartbeat when the unit asks for one. KERNEL_UNAVAILABLE when its socket is gone. */
export function openServiceManager(environment: Environment): ServiceManager {
  const { NOTIFY_SOCKET: path } = environment;
  if (path === undefined || path === '')
    return { ready() {}, beatWhile() {}, reloading() {}, stopping() {}, status() {} };
  const address = socketAddress(path);
  const fd = checked(libc.socket(unixFamily, datagram | closeOnExec, 0), 'socket for systemd');
  checked(libc.connect(fd, address, address.length), `connect to ${path}`);
  // a lost datagram is not worth a fault: systemd notices by itself that it hears nothing
  const send = (text: string) => libc.send(fd, Buffer.from(text), Buffer.byteLength(text), doNotSignal);
  let isAlive = () => true;
  const heartbeat = startHeartbeat(environment, () => isAlive() && send('WATCHDOG=1'));
  return {
    ready: () => send('READY=1'),
    beatWhile(next) {
      isAlive = next;
    },
    // the clock is CLOCK_MONOTONIC, by which systemd tells this from an earlier reload
    reloading: () => send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping() {
      clearInterval(heartbeat);
      send('STOPPING=1');
    },
    status: (text) => send(`STATUS=${text.replaceAll('\n', ' ')}`),
  };
}

/** At half the time that systemd waits; the timer does not keep the process alive, and a blocked event loop sends nothing. */
function startHeartbeat({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, beat: () => unknown): NodeJS.Timeout | undefined {
  const timeoutMs = Number(WATCHDOG_USEC) / 1000;
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  return timeoutMs > 0 && isOurs ? setInterval(beat, timeoutMs / 2).unref() : undefined;
}

/** `struct sockaddr_un`; a leading `@` stands for the zero of an abstract name. */
function socketAddress(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (name.length > pathBytesMax) throw new RangeError(`NOTIFY_SOCKET: longer than ${pathBytesMax} bytes`);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(unixFamily);
  return Buffer.concat(path.startsWith('@') ? [family, name] : [family, name, Buffer.alloc(1)]);
}
