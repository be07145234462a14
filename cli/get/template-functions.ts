/** The functions calicoctl adds to Go templates: join, joinAndTruncate, config. Pure. Source: calicoctl's go-template output. */
import type { TemplateFunctions } from '../go-template/values.ts';

/** What `config` answers; filled in before the template runs. */
export interface ClusterFacts {
  asNumber: number | undefined;
}

/** The functions; `config "asnumber"` is the cluster's AS number, or Calico's default. */
export function resourceFunctions(facts: ClusterFacts): TemplateFunctions {
  return {
    join: (list, separator) => joined(list, separator),
    joinAndTruncate: (list, separator, width) => {
      const text = joined(list, separator);
      const limit = Number(width);
      return text.length > limit && limit > 3 ? `${text.slice(0, limit - 3)}...` : text;
    },
    config: (name) => {
      if (String(name).toLowerCase() === 'asnumber') return String(facts.asNumber ?? 64512);
      throw new Error(`unknown config ${String(name)}: there is asnumber`);
    },
  };
}

function joined(list: unknown, separator: unknown): string {
  if (list === undefined || list === null) return '';
  if (!Array.isArray(list)) return String(list);
  return list.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(String(separator));
}
