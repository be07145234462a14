/**
 * The settings of IPAM as the engine reads them. In the store a setting with its zero value is left out, so that a stored `autoAllocateBlocks`
 * that is absent means false, while no stored settings at all mean true. Pure. Source: Calico's IPAM client.
 */
import type { Problem } from '../../lib/problem.ts';
import { writeString } from '../../resources/go-json.ts';
import { type Fields, parseFields, writeMembers, writeOthers } from './fields.ts';

export interface IpamConfig {
  /** A host gives addresses of its own blocks only. */
  readonly strictAffinity: boolean;
  readonly autoAllocateBlocks: boolean;
  /** 0: as many as the program's own default says. */
  readonly maxBlocksPerHost: number;
  readonly kubeVirtVMAddressPersistence: 'Enabled' | 'Disabled';
  /** How long a released address is kept from being given again. */
  readonly ipCooldownSeconds: number;
}

export const defaultIpamConfig: IpamConfig = {
  strictAffinity: false,
  autoAllocateBlocks: true,
  maxBlocksPerHost: 0,
  kubeVirtVMAddressPersistence: 'Enabled',
  ipCooldownSeconds: 0,
};

const known = [
  'strict_affinity',
  'auto_allocate_blocks',
  'maxBlocksPerHost',
  'kubeVirtVMAddressPersistence',
  'ipCooldownSeconds',
];

/** The settings a stored value means; those that cannot be understood have their zero value. */
export function parseIpamConfig(value: Uint8Array | string): IpamConfig {
  const fields = parseFields(value) ?? {};
  const number = (text: unknown) => (Number.isSafeInteger(text) ? Number(text) : 0);
  return {
    strictAffinity: fields.strict_affinity === true,
    autoAllocateBlocks: fields.auto_allocate_blocks === true,
    maxBlocksPerHost: number(fields.maxBlocksPerHost),
    kubeVirtVMAddressPersistence: fields.kubeVirtVMAddressPersistence === 'Disabled' ? 'Disabled' : 'Enabled',
    ipCooldownSeconds: number(fields.ipCooldownSeconds),
  };
}

/** The bytes to store; members of `before` that nobody here knows are kept, and so is a persistence that was never set. */
export function printIpamConfig(config: IpamConfig, before: Fields = {}): string {
  const flag = (isSet: boolean) => (isSet ? 'true' : undefined);
  const number = (value: number) => (value === 0 ? undefined : String(value));
  const { kubeVirtVMAddressPersistence: persistence } = config;
  const isPersistenceWritten = before.kubeVirtVMAddressPersistence !== undefined || persistence === 'Disabled';
  return writeMembers([
    ['strict_affinity', flag(config.strictAffinity)],
    ['auto_allocate_blocks', flag(config.autoAllocateBlocks)],
    ['maxBlocksPerHost', number(config.maxBlocksPerHost)],
    ['kubeVirtVMAddressPersistence', isPersistenceWritten ? writeString(persistence) : undefined],
    ['ipCooldownSeconds', number(config.ipCooldownSeconds)],
    ...writeOthers(before, known),
  ]);
}

/** Settings to change, as a client sends them, or everything that is wrong with them. */
export function ipamConfigProblems(next: IpamConfig, given: Readonly<Record<string, unknown>>): Problem[] {
  const problems: Problem[] = [];
  const check = (isRight: boolean, path: string, message: string) => {
    if (!isRight) problems.push({ path, message, value: given[path] });
  };
  for (const name of Object.keys(given)) check(name in defaultIpamConfig, name, 'is no setting of IPAM');
  for (const name of ['strictAffinity', 'autoAllocateBlocks'] as const)
    check(typeof next[name] === 'boolean', name, 'must be true or false');
  check(isWithin(next.maxBlocksPerHost, 1_000_000), 'maxBlocksPerHost', 'must lie within 0 to 1000000');
  check(isWithin(next.ipCooldownSeconds, 1200), 'ipCooldownSeconds', 'must lie within 0 to 1200');
  check(
    ['Enabled', 'Disabled'].includes(next.kubeVirtVMAddressPersistence),
    'kubeVirtVMAddressPersistence',
    'must be Enabled or Disabled',
  );
  check(
    next.strictAffinity !== false || next.autoAllocateBlocks !== false,
    'strictAffinity',
    'cannot be false while autoAllocateBlocks is false',
  );
  check(
    next.maxBlocksPerHost === 0 || next.strictAffinity === true,
    'maxBlocksPerHost',
    'can be set only while strictAffinity is true',
  );
  return problems;
}

function isWithin(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
}
