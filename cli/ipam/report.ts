/**
 * The report of `ipam check`, and what several of them together allow to be released: only what every one of them calls leaked, the same
 * assignment each time. Pure. Source: the report of calicoctl's `ipam check`.
 */
import { parseExact } from '#appliance/lib/exact-json.ts';
import { isRecord } from '#appliance/lib/is-record.ts';
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import { cliError } from '../errors.ts';
import type { IpamCheck, ReportedAllocation } from './ask.ts';

export interface Report {
  readonly version: string;
  readonly clusterGuid: string;
  readonly isLocked: boolean;
  readonly clusterInformationRevision: string;
  readonly leaked: readonly { readonly ip: string; readonly handle: string; readonly sequenceNumber: string }[];
  readonly leakedHandles: readonly { readonly id: string; readonly revision: string }[];
}

/** The file, as upstream writes it. */
export function printReport({ cluster, blocks, problems }: IpamCheck): string {
  const allocations = blocks.flatMap((block) => block.allocations);
  const report = {
    version: calicoVersion,
    clusterGUID: cluster.guid,
    datastoreLocked: cluster.isLocked,
    clusterInformationRevision: String(cluster.revision),
    clusterType: cluster.type,
    allocations: Object.fromEntries(allocations.map((one) => [one.ip, [{ ...one, sequenceNumber: raw(one) }]])),
    leakedHandles: problems.leakedHandles.map(({ id, revision }) => ({ ID: id, UID: null, Revision: revision })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Digits beyond what a double holds stay as they are. */
function raw({ sequenceNumber }: ReportedAllocation): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(sequenceNumber);
}

/** CLI_INPUT for what is no report. */
export function parseReport(text: string, path: string): Report {
  const report = parseExact(text);
  if (!isRecord(report) || !isRecord(report.allocations) || typeof report.clusterGUID !== 'string')
    throw cliError('CLI_INPUT', `${path}: is no report of ipam check`);
  const given = Object.values(report.allocations).flatMap((list) => (Array.isArray(list) ? list.filter(isRecord) : []));
  const handles = Array.isArray(report.leakedHandles) ? report.leakedHandles.filter(isRecord) : [];
  return {
    version: String(report.version ?? ''),
    clusterGuid: report.clusterGUID,
    isLocked: report.datastoreLocked === true,
    clusterInformationRevision: String(report.clusterInformationRevision ?? ''),
    leaked: given
      .filter((one) => one.inUse === false && one.coolingDown !== true)
      .map((one) => ({
        ip: String(one.ip),
        handle: String(one.handle ?? ''),
        sequenceNumber: digitsOf(one.sequenceNumber),
      })),
    leakedHandles: handles.map((one) => ({ id: String(one.ID), revision: String(one.Revision ?? '') })),
  };
}

/** What all reports agree on. */
export function agreedLeaks(reports: readonly Report[]): Pick<Report, 'leaked' | 'leakedHandles'> {
  const [first, ...others] = reports;
  const isIn = <T>(list: (report: Report) => readonly T[]) => {
    const known = others.map((report) => new Set(list(report).map((one) => JSON.stringify(one))));
    return (one: T) => known.every((set) => set.has(JSON.stringify(one)));
  };
  return {
    leaked: first?.leaked.filter(isIn((report) => report.leaked)) ?? [],
    leakedHandles: first?.leakedHandles.filter(isIn((report) => report.leakedHandles)) ?? [],
  };
}

function digitsOf(value: unknown): string {
  return isRecord(value) && typeof value.rawJSON === 'string' ? value.rawJSON : String(value ?? 0);
}
