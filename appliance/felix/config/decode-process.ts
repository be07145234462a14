/** The parameters of the process itself: its log, health and metrics. Pure. */
import type { FelixConfig } from '../model/config.ts';
import type { Decoder } from './decoder.ts';

export function decodeProcess({ read, word, wordOrNone, within }: Decoder) {
  return {
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
