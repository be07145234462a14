/** The parameters of the process itself: its log, reports, health and metrics. Pure. */
import type { FelixConfig } from '../model/config.ts';
import { createDecoder, type Decoder } from './decoder.ts';

export function decodeProcess({ read, word, wordOrNone, within }: Decoder) {
  return {
    isEndpointReportingEnabled: read('EndpointReportingEnabled', 'boolean'),
    endpointReportingDelayMs: read('EndpointReportingDelaySecs', 'seconds'),
    reportingIntervalMs: read('ReportingIntervalSecs', 'seconds'),
    reportingTtlMs: read('ReportingTTLSecs', 'seconds'),
    openstackRegion: read('OpenstackRegion', 'dns-label'),
    isHealthEnabled: read('HealthEnabled', 'boolean'),
    healthHost: read('HealthHost', 'string'),
    healthPort: within('HealthPort', 1, 65535),
    healthTimeoutsMs: read('HealthTimeoutOverrides', 'durations'),
    dataplaneWatchdogTimeoutMs: read('DataplaneWatchdogTimeout', 'seconds'),
    logSeverityScreen: wordOrNone('LogSeverityScreen'),
    isPrometheusEnabled: read('PrometheusMetricsEnabled', 'boolean'),
    prometheusHost: read('PrometheusMetricsHost', 'string'),
    prometheusPort: within('PrometheusMetricsPort', 1, 65535),
    prometheusCertFile: read('PrometheusMetricsCertFile', 'string'),
    prometheusKeyFile: read('PrometheusMetricsKeyFile', 'string'),
    prometheusCaFile: read('PrometheusMetricsCAFile', 'string'),
    prometheusClientAuth: word('PrometheusMetricsClientAuth'),
    areRuntimeMetricsEnabled: read('PrometheusGoMetricsEnabled', 'boolean'),
    areProcessMetricsEnabled: read('PrometheusProcessMetricsEnabled', 'boolean'),
    areWireguardMetricsEnabled: read('PrometheusWireGuardMetricsEnabled', 'boolean'),
    simulateGraphHangMs: read('DebugSimulateCalcGraphHangAfter', 'seconds'),
    simulateDataplaneHangMs: read('DebugSimulateDataplaneHangAfter', 'seconds'),
    simulatePassDelayMs: read('DebugSimulateDataplaneApplyDelay', 'seconds'),
  } satisfies Partial<FelixConfig>;
}

const processFields: ReadonlySet<string> = new Set(Object.keys(decodeProcess(createDecoder(new Map(), []))));

/** Equal texts are the same to a dataplane: what the process alone looks at is left out. */
export function printDataplaneConfig(config: FelixConfig): string {
  return JSON.stringify(config, (name, value: unknown) => (processFields.has(name) ? undefined : value));
}
