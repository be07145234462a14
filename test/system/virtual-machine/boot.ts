/**
 * Runs a program under another kernel: Debian's, in qemu without hardware support, on the files of this machine, which it cannot write. The program is
 * a TypeScript file whose tests are told in TAP on the console. I/O.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../../..');

export interface GuestResult {
  /** Of each test: its name, whether it passed, and what was said of it when it failed. */
  readonly tests: readonly { readonly name: string; readonly ok: boolean; readonly details: string }[];
  readonly exitCode: number | undefined;
  readonly console: string;
}

/** `program`: relative to the root of the repository. Ends, with all it started, within the time given. */
export async function runInVirtualMachine(program: string, timeoutMs: number): Promise<GuestResult> {
  const { stdout: folder } = await execa('sh', [join(root, 'tools/virtual-machine.sh')], { stdin: 'ignore' });
  const dir = mkdtempSync(join(tmpdir(), 'calico-vm-'));
  const socket = join(dir, 'files.sock');
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  const options = { cancelSignal: abort.signal, reject: false, stdin: 'ignore', forceKillAfterDelay: 1_000 } as const;
  const files = execa(
    '/usr/lib/qemu/virtiofsd',
    [`--socket-path=${socket}`, '-o', 'source=/', '-o', 'cache=always', '-o', 'sandbox=chroot', '-o', 'no_posix_lock'],
    options,
  );
  try {
    await waitForSocket(socket, abort.signal);
    const { stdout } = await execa('qemu-system-x86_64', machine(folder, socket, program), options);
    return readConsole(stdout);
  } finally {
    clearTimeout(timer);
    abort.abort();
    await files;
    rmSync(dir, { recursive: true, force: true });
  }
}

function machine(folder: string, socket: string, program: string): string[] {
  const append = `console=ttyS0 quiet panic=-1 loglevel=4 mitigations=off calico.program=${program}`;
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'Nehalem', '-smp', '2', '-m', '1024', '-no-reboot', '-nodefaults'],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none'],
    ...['-object', 'memory-backend-memfd,id=memory,size=1024M,share=on', '-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=files,path=${socket}`, '-device', 'vhost-user-fs-pci,chardev=files,tag=files'],
    ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initramfs'), '-append', append],
  ];
}

async function waitForSocket(path: string, signal: AbortSignal): Promise<void> {
  const { existsSync } = await import('node:fs');
  while (!existsSync(path)) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function readConsole(text: string): GuestResult {
  const lines = text.split(/\r?\n/);
  const tests: { name: string; ok: boolean; details: string }[] = [];
  for (const line of lines) {
    const [, no, name] = /^(not )?ok \d+ - (.*?)(?: # .*)?$/.exec(line) ?? [];
    const last = tests.at(-1);
    if (name !== undefined) tests.push({ name, ok: no === undefined, details: '' });
    else if (last !== undefined && !last.ok) last.details += `${line}\n`;
  }
  const code = /calico\.exit=(\d+)/.exec(text)?.[1];
  return { tests, exitCode: code === undefined ? undefined : Number(code), console: text };
}
