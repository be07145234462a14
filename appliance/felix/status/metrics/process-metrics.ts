/**
 * Memory, processor, files and runtime of this process. I/O: /proc/self. Source: proc(5); names are those of Prometheus' clients, `process_*` for
 * every language and `nodejs_*` for this one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import { type MetricFamily, metric } from '../../../lib/prometheus-text.ts';

export function readProcessMetrics(): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const startSeconds = Date.now() / 1000 - process.uptime();
  return [
    metric('counter', 'process_cpu_seconds_total', 'Processor time of the process.', (user + system) / 1e6),
    metric('gauge', 'process_resident_memory_bytes', 'Memory of the process.', process.memoryUsage.rss()),
    metric('gauge', 'process_virtual_memory_bytes', 'Address space of the process.', virtualBytes()),
    metric('gauge', 'process_start_time_seconds', 'When the process began, in seconds since 1970.', startSeconds),
    metric('gauge', 'process_open_fds', 'Open file descriptors.', readdirSync('/proc/self/fd').length),
    metric('gauge', 'process_max_fds', 'Most file descriptors it may have.', descriptorsMax()),
  ];
}

function virtualBytes(): number {
  const match = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

function descriptorsMax(): number {
  const match = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match?.[1]);
}

/** Its timer wakes the process each time, and each shorter period costs an idle one more. */
export const lagResolutionMs = 20;

/** How late the event loop was, of what its monitor has: the time between two looks. */
export function lagMs(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - lagResolutionMs) : 0;
}

export function readRuntimeMetrics(eventLoop: ReturnType<typeof monitorEventLoopDelay>): MetricFamily[] {
  const { heapTotal, heapUsed, external } = process.memoryUsage();
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  const lag = (name: string, help: string, nanoseconds: number) =>
    metric('gauge', `nodejs_eventloop_lag_${name}_seconds`, help, lagMs(nanoseconds) / 1e3);
  return [
    metric('gauge', 'nodejs_heap_size_total_bytes', 'Memory of the heap.', heapTotal),
    metric('gauge', 'nodejs_heap_size_used_bytes', 'Memory of the heap in use.', heapUsed),
    metric('gauge', 'nodejs_external_memory_bytes', 'Memory outside of the heap that objects own.', external),
    lag('mean', 'How late the event loop was, on average.', eventLoop.mean),
    lag('max', 'How late the event loop was at most.', eventLoop.max),
    lag('p50', 'How late the event loop was, median.', eventLoop.percentile(50)),
    lag('p99', 'How late the event loop was, 99th percentile.', eventLoop.percentile(99)),
    {
      name: 'nodejs_version_info',
      type: 'gauge',
      help: 'The runtime.',
      samples: [{ labels: { version: process.version, major, minor, patch }, value: 1 }],
    },
  ];
}
