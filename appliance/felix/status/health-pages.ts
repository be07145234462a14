/** `GET /liveness` and `GET /readiness`: 200 with a table when there is something to say, 204 when all is well, 503 with the table when not. I/O: answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health, HealthQuestion } from './health.ts';

const questions: Readonly<Record<string, HealthQuestion>> = { '/liveness': 'liveness', '/readiness': 'readiness' };

export function answerHealth(health: Health, request: IncomingMessage, response: ServerResponse) {
  const path = (request.url ?? '').split('?', 1)[0]!;
  const question = Object.hasOwn(questions, path) ? questions[path] : undefined;
  if (question === undefined) return end(response, 404, 'try /liveness or /readiness\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET\n');
  const { isOk, text } = health.answer(question);
  end(response, isOk ? (text === '' ? 204 : 200) : 503, text);
}

function end(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
