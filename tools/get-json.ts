/** One GET over a unix socket, for tools and benches that ask the daemons how they are. I/O. */
import { request } from 'node:http';

/** The parsed body, or the text when it is no JSON object. Throws unless the answer is 200. */
export function getJson(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode} ${text}`));
        else resolve(text.startsWith('{') ? JSON.parse(text) : text);
      });
    });
    call.once('error', reject);
    call.end();
  });
}
