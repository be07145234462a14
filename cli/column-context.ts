/** What a table cell needs from another resource: the cluster's AS number, for the ASN column of nodes. I/O through the client. */
import type { Column, ColumnContext } from '#appliance/resources/define.ts';
import type { ApiClient } from './client.ts';

const bgpConfiguration = { kind: 'BGPConfiguration', plural: 'bgpconfigurations', isNamespaced: false };

/** Asks for the default BGPConfiguration only when the table shows a node's AS number. */
export async function readColumnContext(
  client: ApiClient,
  kind: string,
  columns: readonly Column[],
): Promise<ColumnContext> {
  if (kind !== 'Node' || !columns.some((column) => column.heading === 'ASN')) return {};
  return readDefaultAsNumber(client);
}

/** The AS number of BGPConfiguration `default`, when there is one and it can be read. */
export async function readDefaultAsNumber(client: ApiClient): Promise<ColumnContext> {
  try {
    const { asNumber } = (await client.get(bgpConfiguration, 'default')).spec;
    return { defaultAsNumber: typeof asNumber === 'number' ? asNumber : undefined };
  } catch {
    return {}; // The cell then shows the built-in default in parentheses: no reason to hide the nodes.
  }
}
