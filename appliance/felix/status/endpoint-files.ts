/**
 * A file for each workload endpoint that is up, for programs on this host that wait for one: its name says which, its content where to reach it. The
 * directory is kept as it is wanted, from the moment the kernel has what the store holds. I/O. Source: Felix's endpoint status files.
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../lib/log.ts';
import type { WorkloadEndpoint, WorkloadEndpointId } from '../model/endpoint.ts';

export interface EndpointFilesOptions {
  /** Where; empty for nowhere. Asked each time. */
  readonly directory: () => string;
  readonly log: Logger;
  readonly periodMs?: number;
}

export interface EndpointFiles {
  /** What the endpoint should have from now on; undefined for no file. Returns at once. */
  set(id: WorkloadEndpointId, endpoint: WorkloadEndpoint | undefined): void;
  /** All is told: what an earlier life left may go. */
  open(): void;
  /** Nothing is under way or due. */
  settled(): Promise<void>;
  /** Leaves the files. */
  close(): Promise<void>;
}

const PERIOD_MS = 10_000;
/** Of a file's name. */
const nameBytesMax = 255;

export function createEndpointFiles({ directory, log, periodMs = PERIOD_MS }: EndpointFilesOptions): EndpointFiles {
  const wanted = new Map<string, WorkloadEndpoint>();
  const changed = new Set<string>();
  let place = '';
  let timer: NodeJS.Timeout | undefined;
  let isSweepDue = false;
  let running: Promise<void> | undefined;
  let toldProblem = '';

  return {
    set(id, endpoint) {
      const name = endpointFileName(id);
      if (name === undefined) return;
      if (endpoint === undefined) wanted.delete(name);
      else wanted.set(name, endpoint);
      changed.add(name);
      if (timer !== undefined) start();
    },
    open() {
      timer ??= setInterval(sweep, periodMs).unref();
      sweep();
    },
    async settled() {
      while (running !== undefined) await running;
    },
    async close() {
      clearInterval(timer);
      timer = undefined;
      await running;
    },
  };

  function sweep(): void {
    isSweepDue = true;
    start();
  }

  function start(): void {
    running ??= run().finally(() => {
      running = undefined;
    });
  }

  async function run(): Promise<void> {
    try {
      if (place !== directory()) await move(directory());
      while (timer !== undefined && place !== '' && (isSweepDue || changed.size > 0)) {
        if (isSweepDue) await compare();
        for (const name of [...changed]) if (timer !== undefined) await write(name);
      }
      toldProblem = '';
    } catch (error) {
      const problem = (error as Error).message;
      if (problem !== toldProblem) log.warn({ problem }, 'status files of endpoints cannot be written; trying again');
      toldProblem = problem;
    }
  }

  /** What is ours in the old place goes: nobody would keep it true. */
  async function move(next: string): Promise<void> {
    for (const name of place === '' ? [] : await filesIn(place)) await rm(join(place, name), { force: true });
    if (next !== '') await mkdir(next, { recursive: true, mode: 0o750 });
    place = next;
    for (const name of wanted.keys()) changed.add(name);
    isSweepDue = true;
  }

  /** By names alone: contents are ours. */
  async function compare(): Promise<void> {
    isSweepDue = false;
    await mkdir(place, { recursive: true, mode: 0o750 });
    const there = new Set(await filesIn(place));
    for (const name of there) if (!wanted.has(name)) await rm(join(place, name), { force: true });
    for (const name of wanted.keys()) if (!there.has(name)) changed.add(name);
  }

  /** Whole or not at all. One that changes meanwhile stays due. */
  async function write(name: string): Promise<void> {
    const endpoint = wanted.get(name);
    const path = join(place, name);
    if (endpoint === undefined) await rm(path, { force: true });
    else {
      // beside the directory: who watches it sees whole files only
      await writeFile(`${place}.new`, printEndpointFile(endpoint));
      await rename(`${place}.new`, path);
    }
    if (wanted.get(name) === endpoint) changed.delete(name);
  }
}

/** Files alone, whoever made them: the directory is ours. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The three parts of the id, escaped and joined by blanks; undefined when no file can have such a name. */
export function endpointFileName({ orchestrator, workload, endpoint }: WorkloadEndpointId): string | undefined {
  const name = [orchestrator, workload, endpoint].map(escapePart).join(' ');
  return Buffer.byteLength(name) <= nameBytesMax ? name : undefined;
}

/** As a segment of a URL's path is escaped: of the others `$&+=:@` stay. */
function escapePart(part: string): string {
  const escaped = encodeURIComponent(part).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return escaped.replaceAll(/%(24|26|2B|3D|3A|40)/g, (code) => decodeURIComponent(code));
}

/** What is empty is left out. */
export function printEndpointFile({ interfaceName, mac, ipv4Nets, ipv6Nets }: WorkloadEndpoint): string {
  return JSON.stringify({
    ifaceName: interfaceName,
    ...(mac === undefined ? {} : { mac }),
    ...(ipv4Nets.length === 0 ? {} : { ipv4Nets }),
    ...(ipv6Nets.length === 0 ? {} : { ipv6Nets }),
  });
}
