/**
 * Asks a BIRD for the state of its BGP sessions over its control socket. Reading the answer is pure, asking is I/O.
 * Source: BIRD's user guide, "Remote control"; the names Calico gives to sessions.
 */
import { connect } from 'node:net';

export interface BgpPeer {
  readonly address: string;
  readonly type: string;
  readonly state: string;
  readonly since: string;
  readonly info: string;
}

const timeoutMs = 2_000;
const answerBytesMax = 4 * 1024 * 1024;

/** Undefined when no BIRD listens there. */
export async function readBgpPeers(socketPath: string, family: 4 | 6): Promise<readonly BgpPeer[] | undefined> {
  try {
    return parseProtocols(await ask(socketPath, 'show protocols\n'), family);
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const types: Readonly<Record<string, string>> = {
  Mesh: 'node-to-node mesh',
  Node: 'node specific',
  Global: 'global',
};

/** The sessions that Calico configured, from the table BIRD answers with. */
export function parseProtocols(answer: string, family: 4 | 6): BgpPeer[] {
  return answer.split('\n').flatMap((line) => {
    // "1002-Mesh_192_0_2_1 BGP --- up 12:00:01 Established", or a blank in place of a code that repeats
    const [name = '', proto, , state = '', since = '', ...info] = line
      .replace(/^(?:\d{4}[- ]| )/, '')
      .trim()
      .split(/\s+/);
    const [, type = '', address = ''] = /^(Mesh|Node|Global)_(.+)$/.exec(name) ?? [];
    if (proto !== 'BGP' || type === '') return [];
    const text = address.replace(/_port_(\d+)$/, '').replaceAll('_', family === 4 ? '.' : ':');
    return [{ address: text, type: types[type]!, state, since, info: info.join(' ') }];
  });
}

function ask(socketPath: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let answer = '';
    let isGreeted = false;
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`BIRD did not answer within ${timeoutMs / 1000} s`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('BIRD ended the connection')));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (answer.length > answerBytesMax) socket.destroy(new Error('BIRD answers without end'));
      if (!isGreeted && /^0001 .*\n/m.test(answer)) {
        isGreeted = true;
        answer = '';
        socket.write(question);
      } else if (/^(?:0000|[89]\d{3}) .*\n?$/m.test(answer) || /^0000\s*$/m.test(answer)) {
        resolve(answer);
        socket.destroy();
      }
    });
  });
}
