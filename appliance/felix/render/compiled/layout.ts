/**
 * The maps of compiled lists and the chains that ask them. Pure.
 * A packet's way: its peer's address to a class (`classes`, else `class-nets`), its interface to a list, list and class to a program, and program,
 * protocol and port to a decision. Numbers are eight bytes of a hash of what they stand for; class zero is that of all other addresses.
 */
import type { NftSet } from '../../../kernel/kernel.ts';
import type { Expression } from '../../../kernel/netlink/expression.ts';
import type { Family } from '../match.ts';
import { branch, loadAddress, loadPort, matchFamily } from '../match.ts';
import { concatType, nftType, setNumber } from '../set-layout.ts';
import type { StageKind } from '../stage.ts';
import { stageTraits } from '../stage.ts';

export type CellMap = 'cells' | 'ranges' | 'wide';
export type ValueMap = 'lists' | 'programs' | 'classes' | 'class-nets';

export function classMap(family: Family): string {
  return `classes${family}`;
}

export function classNetMap(family: Family): string {
  return `class-nets${family}`;
}

/** From interface to list. */
export function listMap(kind: StageKind): string {
  return `lists-${kind}`;
}

/** From list and class to program. */
export function programMap(kind: StageKind, family: Family): string {
  return `programs${family}-${kind}`;
}

/** From program, protocol and port to decision: exact ports, ranges, whole protocols. */
export function cellMap(map: CellMap, kind: StageKind, family: Family): string {
  return `${map}${family}-${kind}`;
}

/** Bytes of a value before its number. nft takes a looked-up number that is looked up again for a mistake and ends; a pad hides it. */
export const valuePad = 4;
export const numberLength = 8;
export const classZero = new Uint8Array(numberLength);
/** The `wide` key of protocols that the list does not name. */
export const otherProtocolsWord = Uint8Array.of(0, 0, 0, 1);

const mapPattern = /^(lists-|programs[46]-|classes[46]$|class-nets[46]$|cells[46]-|ranges[46]-|wide[46]-)/;

export function isCompiledMap(name: string): boolean {
  return mapPattern.test(name);
}

/** Its elements are members of IP sets: there may be very many. */
export function isMemberMap(name: string): boolean {
  return name.startsWith('class');
}

/** Its keys are intervals of addresses, or of ports of one program and protocol. */
export function isIntervalMap(name: string): boolean {
  return name.startsWith('class-nets') || name.startsWith('ranges');
}

/** Its values are decisions, not numbers. */
export function isCellMap(name: string): boolean {
  return name.startsWith('cells') || name.startsWith('ranges') || name.startsWith('wide');
}

const numbers = { type: nftType.number, length: valuePad + numberLength } as const;
const twoMarks = [nftType.mark, nftType.mark] as const;

export function compiledMapDefinition(name: string): NftSet {
  if (name.startsWith('lists')) return { name, keyType: nftType.interfaceName, keyLength: 16, data: numbers };
  if (name.startsWith('programs')) {
    return { name, keyType: concatType(...twoMarks, ...twoMarks), keyLength: 16, fields: [4, 4, 4, 4], data: numbers };
  }
  if (name.startsWith('cells')) {
    const keyType = concatType(...twoMarks, nftType.protocol, nftType.port);
    return { name, keyType, keyLength: 16, fields: [4, 4, 1, 2], data: 'verdict' };
  }
  if (name.startsWith('ranges')) {
    return { name, keyType: nftType.number, keyLength: 16, isInterval: true, data: 'verdict' };
  }
  if (name.startsWith('wide')) {
    return { name, keyType: concatType(...twoMarks, nftType.mark), keyLength: 12, fields: [4, 4, 4], data: 'verdict' };
  }
  const isSix = name.endsWith('6');
  const key = { keyType: isSix ? nftType.ipv6 : nftType.ipv4, keyLength: isSix ? 16 : 4 };
  return { name, ...key, ...(name.startsWith('class-nets') ? { isInterval: true } : {}), data: numbers };
}

/** The number of a list, or of its default program in a family. */
export function listNumber(name: string, family?: Family): Uint8Array {
  return setNumber(family === undefined ? name : `${name}/${family}`);
}

/** Where the parts of the keys lie: each number behind the pad that its look-up writes before it. */
const at = { interface: 0, list: 5, class: 7, program: 9, protocol: 11, port: 12, address: 11 } as const;

/** Which class a rule takes: of the host map, of the map of nets, or none. */
export type ClassSource = 'hosts' | 'nets' | 'none';

/** Ends with the program in its place, or the rule does not match. */
export function lookupProgram(kind: StageKind, family: Family, source: ClassSource): Expression[] {
  const key = interfaceKeyOf(kind);
  return [
    placeholder(at.list),
    placeholder(at.class),
    placeholder(at.program),
    ...lookupClass(kind, family, source),
    { type: 'meta', key, register: at.interface },
    { type: 'lookup', set: listMap(kind), register: at.interface, into: at.list - 1 },
    { type: 'lookup', set: programMap(kind, family), register: at.list, into: at.program - 1 },
  ];
}

function lookupClass(kind: StageKind, family: Family, source: ClassSource): Expression[] {
  if (source === 'none') return [{ type: 'load', register: at.class, data: classZero }];
  const set = source === 'hosts' ? classMap(family) : classNetMap(family);
  const peer = stageTraits[kind].direction === 'ingress' ? 'src' : 'dst';
  return [loadAddress(peer, family, at.address), { type: 'lookup', set, register: at.address, into: at.class - 1 }];
}

/** A value that `nft list` shows where it cannot follow a look-up. */
function placeholder(register: number): Expression {
  return { type: 'load', register, data: classZero };
}

/** After `lookupProgram()`: to the decision, or the rule does not match. */
export function lookupCell(map: CellMap, kind: StageKind, family: Family, isOther = false): Expression[] {
  const protocol: Expression = isOther
    ? { type: 'load', register: at.protocol, data: otherProtocolsWord }
    : { type: 'meta', key: 'l4proto', register: at.protocol };
  const port = map === 'wide' ? [] : [loadPort('dst', at.port)];
  const set = cellMap(map, kind, family);
  return [protocol, ...port, { type: 'lookup', set, register: at.program, into: 'verdict' }];
}

/** Workloads are asked by the link that leads to them, hosts by the link the packet crosses. */
function interfaceKeyOf(kind: StageKind): 'iifname' | 'oifname' {
  if (kind === 'workload-ingress') return 'oifname';
  if (kind === 'workload-egress') return 'iifname';
  return stageTraits[kind].direction === 'ingress' ? 'iifname' : 'oifname';
}

export function guardFamily(family: Family, chain: string): Expression[] {
  return [...matchFamily(family), branch('goto', chain)];
}
