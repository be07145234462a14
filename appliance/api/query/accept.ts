/** Which form a client wants its answer in. Pure. Source: Kubernetes API concepts, "Alternate representations". */
import { apiErrors } from '../errors.ts';

export type FormName = 'object' | 'table' | 'partial';

/** The first form of the Accept header that we have; API_NOT_ACCEPTABLE when there is none. */
export function parseAccept(header: string | undefined): FormName {
  for (const range of parseRanges(header)) {
    if (!['application/json', 'application/*', '*/*'].includes(range.type)) continue;
    const form = forms[range.parameters.as ?? ''];
    const isMeta = range.parameters.g === 'meta.k8s.io' && range.parameters.v === 'v1';
    if (form === 'object' || (form !== undefined && isMeta)) return form;
  }
  throw apiErrors.fail('API_NOT_ACCEPTABLE', header);
}

/** True when the client reads the aggregated form of discovery. */
export function acceptsAggregatedDiscovery(header: string | undefined): boolean {
  return parseRanges(header).some(
    ({ parameters: { as, g, v } }) => as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && v === 'v2',
  );
}

const forms: Readonly<Record<string, FormName>> = {
  '': 'object',
  Table: 'table',
  PartialObjectMetadata: 'partial',
  PartialObjectMetadataList: 'partial',
};

function parseRanges(header: string | undefined) {
  return (header === undefined || header === '' ? '*/*' : header).split(',').map((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    return {
      type: type ?? '',
      parameters: Object.fromEntries(parameters.map((p) => p.split('=', 2) as [string, string])) as Record<
        string,
        string | undefined
      >,
    };
  });
}
