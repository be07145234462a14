/**
 * The chains that all compiled lists of one kind of stage share: what every list begins with, then the look-ups, the most particular first. Pure.
 * Maps without elements are not asked.
 */

import { renderListEnd, renderListStart } from '../endpoint-chain.ts';
import type { Family } from '../match.ts';
import { branch } from '../match.ts';
import type { RenderContext } from '../policy.ts';
import type { RenderedChain, RenderedRule } from '../rendered.ts';
import type { StageKind } from '../stage.ts';
import type { CellMap, ClassSource } from './layout.ts';
import {
  cellMap,
  classMap,
  classNetMap,
  guardFamily,
  listMap,
  lookupCell,
  lookupProgram,
  programMap,
} from './layout.ts';

/** `start` leads to one `look` a family; a class that is found leads to its `class` part, and all of them end at `default`. */
export type StagePart =
  | { readonly type: 'start' }
  | { readonly type: 'look' | 'default'; readonly family: Family }
  | { readonly type: 'class'; readonly family: Family; readonly source: 'hosts' | 'nets' };

export interface StageChain {
  readonly type: 'stage';
  readonly name: string;
  readonly kind: StageKind;
  readonly part: StagePart;
}

const families: readonly Family[] = [4, 6];

export function stageChain(kind: StageKind, part: StagePart = { type: 'start' }): StageChain {
  return { type: 'stage', name: stageChainName(kind, part), kind, part };
}

function stageChainName(kind: StageKind, part: StagePart): string {
  if (part.type === 'start') return `flat-${kind}`;
  return part.type === 'class'
    ? `flat-${kind}-${part.family}-${part.source}`
    : `flat-${kind}-${part.family}${part.type === 'look' ? '' : '-default'}`;
}

export function stageChildren({ kind, part }: StageChain): StageChain[] {
  if (part.type === 'start') return families.map((family) => stageChain(kind, { type: 'look', family }));
  if (part.type !== 'look') return [];
  const { family } = part;
  return [
    stageChain(kind, { type: 'class', family, source: 'hosts' }),
    stageChain(kind, { type: 'class', family, source: 'nets' }),
    stageChain(kind, { type: 'default', family }),
  ];
}

/** `isFilled`: the map has elements. */
export function renderStageChain(
  { kind, part }: StageChain,
  isFilled: (map: string) => boolean,
  context: RenderContext,
): RenderedChain {
  if (part.type === 'start') return renderStart(kind, context);
  const { family } = part;
  const stage = new StageRules(kind, family, isFilled);
  const rest = stageChain(kind, { type: 'default', family }).name;
  if (part.type === 'default') {
    stage.cells('none');
    return stage.chain(renderListEnd(kind, context));
  }
  if (part.type === 'class') {
    if (isFilled(part.source === 'hosts' ? classMap(family) : classNetMap(family))) stage.cells(part.source, true);
    return stage.chain([{ label: 'as others', expressions: [branch('goto', rest)] }]);
  }
  if (isFilled(classMap(family))) stage.classes('hosts');
  if (isFilled(classNetMap(family))) stage.classes('nets');
  return stage.chain([{ label: 'any other peer', expressions: [branch('goto', rest)] }]);
}

function renderStart(kind: StageKind, context: RenderContext): RenderedChain {
  const rules = [
    ...renderListStart(kind, context),
    ...families.map((family) => ({
      label: `IPv${family}`,
      expressions: guardFamily(family, stageChain(kind, { type: 'look', family }).name),
    })),
    ...renderListEnd(kind, context),
  ];
  return { rules, setIds: [], lists: [], netSets: [] };
}

/** Collects rules and the maps they name. */
class StageRules {
  readonly #kind: StageKind;
  readonly #family: Family;
  readonly #isFilled: (map: string) => boolean;
  readonly #rules: RenderedRule[] = [];
  readonly #maps = new Set<string>();

  constructor(kind: StageKind, family: Family, isFilled: (map: string) => boolean) {
    this.#kind = kind;
    this.#family = family;
    this.#isFilled = isFilled;
  }

  /** Exact ports at once; whoever has a program but no such cell goes on with the rest of it. */
  classes(source: 'hosts' | 'nets'): void {
    const { name } = stageChain(this.#kind, { type: 'class', family: this.#family, source });
    this.#cell('cells', source, false);
    this.#add(`program of ${source}`, source, [branch('goto', name)]);
  }

  cells(source: ClassSource, isExactDone = false): void {
    if (!isExactDone) this.#cell('cells', source, false);
    this.#cell('ranges', source, false);
    this.#cell('wide', source, false);
    this.#cell('wide', source, true);
  }

  chain(end: readonly RenderedRule[]): RenderedChain {
    return { rules: [...this.#rules, ...end], setIds: [], lists: [], netSets: [...this.#maps] };
  }

  #cell(map: CellMap, source: ClassSource, isOther: boolean): void {
    const name = cellMap(map, this.#kind, this.#family);
    if (!this.#isFilled(name)) return;
    this.#maps.add(name);
    const what = { cells: 'port', ranges: 'range of ports', wide: isOther ? 'other protocols' : 'protocol' }[map];
    this.#add(`${what}, ${source}`, source, lookupCell(map, this.#kind, this.#family, isOther));
  }

  #add(label: string, source: ClassSource, then: RenderedRule['expressions']): void {
    this.#maps.add(listMap(this.#kind)).add(programMap(this.#kind, this.#family));
    if (source === 'hosts') this.#maps.add(classMap(this.#family));
    if (source === 'nets') this.#maps.add(classNetMap(this.#family));
    this.#rules.push({ label, expressions: [...lookupProgram(this.#kind, this.#family, source), ...then] });
  }
}
