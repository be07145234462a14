/** Asks the host agent for its status over its socket. I/O. */
import { join } from 'node:path';
import { cliError, errorText } from '../errors.ts';

/** What `calico-node` says of itself; older ones say less. */
export interface AgentStatus {
  readonly node: string;
  readonly version?: string;
  readonly pid?: number;
  readonly store: string;
  readonly storeConnection?: { readonly state: string; readonly sinceMs: number; readonly problem?: string };
  readonly sentRevision: number;
  readonly appliedRevision: number;
  readonly counts?: {
    readonly policies: number;
    readonly profiles: number;
    readonly workloadEndpoints: number;
    readonly hostEndpoints: number;
  };
  readonly certificates?: readonly {
    readonly file: string;
    readonly subject?: string;
    readonly endsAt?: string;
    readonly problem?: string;
  }[];
  readonly refusedPolicies: Readonly<Record<string, string>>;
  readonly invalidObjects: Readonly<Record<string, unknown>>;
  readonly configProblems?: readonly unknown[];
}

const timeoutMs = 5_000;

/** Throws CLI_FAILED in upstream's words when no agent runs, CLI_DENIED when the socket is not for us. */
export async function readAgentStatus(runDir: string): Promise<AgentStatus> {
  return orFail(await read<AgentStatus>(runDir, '/status'));
}

/** One parameter of the agent. */
export interface AgentParameter {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly change: 'live' | 'restart' | 'none';
  readonly reason?: string;
  readonly problem?: string;
  readonly inUse?: string;
  readonly overridden?: readonly { readonly value: string; readonly source: string }[];
}

export interface AgentConfig {
  readonly parameters: readonly AgentParameter[];
  readonly problems: readonly string[];
}

/** Undefined when no agent runs. */
export function readAgentConfig(runDir: string): Promise<AgentConfig | undefined> {
  return read<AgentConfig>(runDir, '/config');
}

export interface AgentHits {
  readonly rules: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly tier: string;
    readonly direction: string;
    readonly rule: number;
    readonly action: string;
    readonly packets: number;
    readonly bytes: number;
  }[];
  readonly stages: readonly { readonly stage: string; readonly packets: number; readonly bytes: number }[];
}

/** Null when the agent's backend does not tell. */
export async function readAgentHits(runDir: string): Promise<AgentHits | null> {
  return orFail(await read<AgentHits | null>(runDir, '/hits'));
}

function orFail<T>(answer: T | undefined): T {
  if (answer === undefined) throw cliError('CLI_FAILED', 'Calico process is not running.');
  return answer;
}

/** Undefined when nobody listens. */
async function read<T>(runDir: string, path: string): Promise<T | undefined> {
  const socketPath = join(runDir, 'node.sock');
  try {
    return JSON.parse(await get(socketPath, path)) as T;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw cliError('CLI_DENIED', `${socketPath} is not for you: join the group that owns it, or be root`);
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw cliError('CLI_FAILED', `the agent at ${socketPath} does not answer: ${errorText(error)}`);
  }
}

/** The body of a 200. */
export function get(socketPath: string, path: string): Promise<string> {
  const { request } = process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, timeout: timeoutMs, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (incoming.statusCode === 200) resolve(text);
        else reject(new Error(`HTTP status ${incoming.statusCode}: ${text.trim()}`));
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
