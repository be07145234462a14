/** What `calicoctl node config` shows: each parameter, its value, where it comes from, and what is wrong with it or still to come. Pure. */
import { type FelixParameter, felixParameters } from '../../resources/kinds/felix-parameters.ts';
import { decodeConfig } from './decode.ts';
import { type Effect, effectOf } from './effects.ts';
import { type ConfigLayer, type ResolvedValue, resolveLayers } from './layers.ts';

export interface ConfigRow {
  readonly name: string;
  /** As text; of one that cannot be used the default, which applies in its place. */
  readonly value: string;
  /** `default` when nobody sets it. */
  readonly source: string;
  /** What a change does: it is taken at once (`live`), by the next start (`restart`), or means nothing here (`none`). */
  readonly change: Effect['type'];
  readonly reason?: string;
  readonly problem?: string;
  /** The value in use until the next start. */
  readonly inUse?: string;
  /** What lower layers say, highest first. */
  readonly overridden?: readonly { readonly value: string; readonly source: string }[];
}

export interface ConfigReport {
  readonly parameters: readonly ConfigRow[];
  /** What belongs to no parameter: names that there are none of, lines that cannot be read. */
  readonly problems: readonly string[];
}

/** `layers` highest first; `atStart` are the values that those of the next start are held against. */
export function reportConfig(
  layers: readonly ConfigLayer[],
  atStart: ReadonlyMap<string, ResolvedValue> = resolveLayers(layers),
): ConfigReport {
  const values = resolveLayers(layers);
  const all = [...layers.flatMap(({ problems = [] }) => problems), ...decodeConfig(values).problems];
  const rows = felixParameters.map((parameter) => rowOf(parameter, layers, values, atStart, all));
  const told = new Set(rows.flatMap(({ name, problem }) => (problem === undefined ? [] : `${name}: ${problem}`)));
  return { parameters: rows, problems: all.filter((problem) => !told.has(problem)) };
}

function rowOf(
  parameter: FelixParameter,
  layers: readonly ConfigLayer[],
  values: ReadonlyMap<string, ResolvedValue>,
  atStart: ReadonlyMap<string, ResolvedValue>,
  problems: readonly string[],
): ConfigRow {
  const { name } = parameter;
  const key = name.toLowerCase();
  const given = values.get(key);
  const effect = effectOf(parameter);
  const problem = problems.find((text) => text.startsWith(`${name}: `))?.slice(name.length + 2);
  const value = given === undefined || problem !== undefined ? parameter.default : given.text;
  const before = atStart.get(key)?.text ?? parameter.default;
  const isWaiting = effect.type === 'restart' && before !== (given?.text ?? parameter.default);
  const lower = layers.flatMap(({ name: source, values: own }) => {
    const text = own.get(key) ?? '';
    return text === '' || source === given?.layer ? [] : [{ value: text, source }];
  });
  return {
    name,
    value,
    source: given?.layer ?? 'default',
    change: effect.type,
    ...(effect.type === 'live' ? {} : { reason: effect.reason }),
    ...(problem === undefined ? {} : { problem }),
    ...(isWaiting ? { inUse: before } : {}),
    ...(lower.length === 0 ? {} : { overridden: lower }),
  };
}
