/** Points in time as Kubernetes writes them: RFC 3339 in UTC, whole seconds. Pure. */
import type { ScalarSchema } from '../../lib/schema.ts';

const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 text; null when zero. */
export const timeSchema: ScalarSchema = {
  type: 'scalar',
  name: 'time',
  json: { type: 'string', format: 'date-time' },
  read: (value) => {
    const normal = typeof value === 'string' ? normalTime(value) : undefined;
    return normal === undefined ? { message: 'must be a time such as 2026-08-01T09:30:00Z' } : { value: normal };
  },
  zero: null,
};

/** The same second in UTC, or undefined when it is not a time. */
function normalTime(source: string): string | undefined {
  const match = pattern.exec(source);
  if (match === null) return undefined;
  const milliseconds = Date.parse(`${match[1]}${match[2]}`);
  return Number.isNaN(milliseconds) ? undefined : `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
