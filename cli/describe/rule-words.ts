/** A policy's rule in words. Pure. */

type Value = Readonly<Record<string, unknown>>;

/** `Allow TCP from endpoints where app == 'web' to port 443`. */
export function ruleInWords(rule: unknown): string {
  const { action, protocol, notProtocol, ipVersion, icmp, notICMP, source, destination, http } = (rule ?? {}) as Value;
  const words = [String(action ?? 'Allow')];
  if (protocol !== undefined) words.push(String(protocol));
  if (notProtocol !== undefined) words.push(`anything but ${String(notProtocol)}`);
  if (ipVersion !== undefined) words.push(`IPv${String(ipVersion)}`);
  if (icmp !== undefined) words.push(`of ${icmpInWords(icmp as Value)}`);
  if (notICMP !== undefined) words.push(`not of ${icmpInWords(notICMP as Value)}`);
  const [from, to] = [sideInWords(source), sideInWords(destination)];
  if (from !== '') words.push(`from ${from}`);
  if (to !== '') words.push(`to ${to}`);
  if (words.length === 1) words.push('everything');
  if (http !== undefined) words.push(`with HTTP ${httpInWords(http as Value)}`);
  return words.join(' ');
}

function icmpInWords({ type, code }: Value): string {
  return `ICMP type ${String(type ?? 'any')}${code === undefined ? '' : ` code ${String(code)}`}`;
}

function httpInWords({ methods, paths }: Value): string {
  const listed = (paths as Value[] | undefined)?.map((path) => String(path.exact ?? `${String(path.prefix)}*`)) ?? [];
  return [...((methods as string[] | undefined) ?? []), ...listed].join(', ');
}

function sideInWords(side: unknown): string {
  const s = (side ?? {}) as Value;
  const parts: string[] = [];
  const say = (value: unknown, words: (text: string) => string) => {
    const text = Array.isArray(value) ? value.map(String).join(', ') : value === undefined ? '' : String(value);
    if (text !== '') parts.push(words(text));
  };
  say(s.selector, (text) => `endpoints where ${text}`);
  say(s.namespaceSelector, (text) => `namespaces where ${text}`);
  say(s.notSelector, (text) => `not endpoints where ${text}`);
  const accounts = (s.serviceAccounts ?? {}) as Value;
  say(accounts.names, (text) => `service accounts ${text}`);
  say(accounts.selector, (text) => `service accounts where ${text}`);
  const services = s.services as Value | undefined;
  say(
    services?.name,
    (text) => `service ${services?.namespace === undefined ? '' : `${String(services.namespace)}/`}${text}`,
  );
  say(s.nets, (text) => text);
  say(s.notNets, (text) => `not ${text}`);
  say(s.ports, (text) => `port ${text}`);
  say(s.notPorts, (text) => `not port ${text}`);
  return parts.join(' and ');
}
