/** The agent's ports for monitors, as the configuration has them: health, and metrics with or without TLS. I/O through `status/web-listener.ts`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../lib/log.ts';
import type { FelixConfig } from '../model/config.ts';
import type { Health } from '../status/health.ts';
import { answerHealth } from '../status/health-pages.ts';
import { createWebListener, type WebPlace } from '../status/web-listener.ts';

export interface PortsParts {
  readonly health: Health;
  readonly metrics: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly log: Logger;
}

export interface PortState {
  readonly isEnabled: boolean;
  /** Why it does not listen although it should. */
  readonly problem?: string;
}

export interface Ports {
  configure(config: FelixConfig): void;
  /** As `GET /status` has them. */
  states(): { readonly health: PortState; readonly metrics: PortState };
  close(): Promise<void>;
}

export function createPorts({ health, metrics, log }: PortsParts): Ports {
  const healthPort = createWebListener({
    answer: (request, response) => answerHealth(health, request, response),
    log: log.child({ component: 'health' }),
  });
  const metricsPort = createWebListener({ answer: metrics, log: log.child({ component: 'metrics' }) });
  let config: FelixConfig | undefined;
  return {
    configure(next) {
      config = next;
      healthPort.configure(next.isHealthEnabled ? { host: next.healthHost, port: next.healthPort } : undefined);
      const place = next.isPrometheusEnabled ? metricsPlace(next) : undefined;
      metricsPort.configure(typeof place === 'string' ? undefined : place);
      if (typeof place === 'string') log.warn({ problem: place }, 'metrics are not served');
    },
    states() {
      const place = config === undefined ? undefined : metricsPlace(config);
      const metricsProblem = typeof place === 'string' ? place : metricsPort.problem;
      return {
        health: stateOf(config?.isHealthEnabled ?? false, healthPort.problem),
        metrics: stateOf(config?.isPrometheusEnabled ?? false, metricsProblem),
      };
    },
    async close() {
      await Promise.all([healthPort.close(), metricsPort.close()]);
    },
  };
}

function stateOf(isEnabled: boolean, problem: string | undefined): PortState {
  return { isEnabled, ...(isEnabled && problem !== undefined ? { problem } : {}) };
}

/** Why there can be none: what is half protected is not served at all. */
export function metricsPlace(config: FelixConfig): WebPlace | string {
  const { prometheusHost: host, prometheusPort: port, prometheusClientAuth: clientAuth } = config;
  const { prometheusCertFile: certFile, prometheusKeyFile: keyFile, prometheusCaFile: caFile } = config;
  if ((certFile === '') !== (keyFile === ''))
    return 'PrometheusMetricsCertFile and PrometheusMetricsKeyFile must be given together';
  const isVerified = clientAuth === 'RequireAndVerifyClientCert' || clientAuth === 'VerifyClientCertIfGiven';
  if (clientAuth !== 'NoClientCert' && certFile === '')
    return 'PrometheusMetricsClientAuth needs PrometheusMetricsCertFile and PrometheusMetricsKeyFile';
  if (isVerified && caFile === '') return 'PrometheusMetricsClientAuth needs PrometheusMetricsCAFile';
  return certFile === '' ? { host, port } : { host, port, tls: { certFile, keyFile, caFile, clientAuth } };
}
