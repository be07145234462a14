/** The layers of configuration and which one wins. Pure. Source: Felix's precedence: environment, file, per host, per selector, global, default. */

export interface ConfigLayer {
  /** Where a person would look for it: `environment`, `/etc/calico/felix.cfg`, `FelixConfiguration default`. */
  readonly name: string;
  /** Parameter name in lower case -> raw text. */
  readonly values: ReadonlyMap<string, string>;
  /** What in it could not be read; such a part counts as absent. */
  readonly problems?: readonly string[];
}

export interface ResolvedValue {
  readonly text: string;
  readonly layer: string;
}

/** The first layer with a text that is not empty decides each parameter. `layers` come highest first. */
export function resolveLayers(layers: readonly ConfigLayer[]): ReadonlyMap<string, ResolvedValue> {
  const resolved = new Map<string, ResolvedValue>();
  for (const layer of layers) {
    for (const [name, text] of layer.values) {
      if (text !== '' && !resolved.has(name)) resolved.set(name, { text, layer: layer.name });
    }
  }
  return resolved;
}

/** The layer of `FELIX_<Name>` variables; prefix and name in any case. */
export function environmentLayer(env: Readonly<Record<string, string | undefined>>): ConfigLayer {
  const entries = Object.entries(env).flatMap(([key, text]) =>
    /^felix_/i.test(key) && text !== undefined ? [[key.slice('felix_'.length).toLowerCase(), text] as const] : [],
  );
  return { name: 'environment', values: new Map(entries) };
}

/** The layer of an INI file: every section is merged, section names are ignored. A text may stand in quotes; a comment may follow it. */
export function fileLayer(path: string, text: string): ConfigLayer {
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const match = /^\s*([A-Za-z0-9_]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) values.set(match[1]!.toLowerCase(), bareText(match[2]!));
    else if (!isNoSetting.test(line)) problems.push(`${path} line ${i + 1}: must be NAME = VALUE; it is ignored`);
  }
  return { name: path, values, ...(problems.length === 0 ? {} : { problems }) };
}

/** Empty, a comment, or the head of a section. */
const isNoSetting = /^\s*(?:[#;].*|\[[^\]]*\]\s*(?:[#;].*)?)?$/;

function bareText(text: string): string {
  const quoted = /^(["'`])(.*?)\1\s*(?:[#;].*)?$/.exec(text);
  return quoted === null ? text.replace(/(?:^|\s+)[#;].*$/, '') : quoted[2]!;
}
