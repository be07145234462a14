/**
 * The shapes of etcd's messages as the protobuf library hands them over and takes them. Types only, and the 64-bit numbers:
 * revisions become plain numbers (they stay below 2^53), lease and member ids bigints. Pure.
 */

/** A 64-bit integer in two halves, as the protobuf library has it. */
export interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** What may be written into an int64 field. */
export type WireInt = number | Long;

export interface WireHeader {
  readonly cluster_id: Long;
  readonly member_id: Long;
  readonly revision: number;
  readonly raft_term: number;
}

export interface WireKeyValue {
  readonly key: Buffer;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly value: Buffer;
  readonly lease: WireInt;
}

export interface WireRangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly limit: Long;
  readonly revision: Long;
  readonly sort_order: number;
  readonly sort_target: number;
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly min_mod_revision: Long;
  readonly max_mod_revision: Long;
  readonly min_create_revision: Long;
  readonly max_create_revision: Long;
}
export interface WireRangeResponse {
  readonly header: WireHeader;
  readonly kvs: readonly WireKeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface WirePutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: Long;
  readonly prev_kv: boolean;
  readonly ignore_value: boolean;
  readonly ignore_lease: boolean;
}
export interface WireDeleteRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly prev_kv: boolean;
}
export interface WireCompare {
  readonly result: number;
  readonly target: number;
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly version?: Long;
  readonly create_revision?: Long;
  readonly mod_revision?: Long;
  readonly value?: Buffer;
  readonly lease?: Long;
}
export interface WireRequestOp {
  readonly request_range?: WireRangeRequest;
  readonly request_put?: WirePutRequest;
  readonly request_delete_range?: WireDeleteRequest;
  readonly request_txn?: WireTxnRequest;
}
export interface WireTxnRequest {
  readonly compare: readonly WireCompare[];
  readonly success: readonly WireRequestOp[];
  readonly failure: readonly WireRequestOp[];
}

export interface WirePutResponse {
  readonly header: WireHeader;
  readonly prev_kv?: WireKeyValue;
}
export interface WireDeleteResponse {
  readonly header: WireHeader;
  readonly deleted: number;
  readonly prev_kvs: readonly WireKeyValue[];
}
export interface WireResponseOp {
  readonly response_range?: WireRangeResponse;
  readonly response_put?: WirePutResponse;
  readonly response_delete_range?: WireDeleteResponse;
  readonly response_txn?: WireTxnResponse;
}
export interface WireTxnResponse {
  readonly header: WireHeader;
  readonly succeeded: boolean;
  readonly responses: readonly WireResponseOp[];
}

export interface WireWatchCreate {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly start_revision: Long;
  readonly progress_notify: boolean;
  readonly filters: readonly number[];
  readonly prev_kv: boolean;
  readonly watch_id: Long;
  readonly fragment: boolean;
}
export interface WireWatchRequest {
  readonly create_request?: WireWatchCreate;
  readonly cancel_request?: { readonly watch_id: Long };
  readonly progress_request?: object;
}
export interface WireEvent {
  /** 0 put, 1 delete. */
  readonly type: 0 | 1;
  readonly kv: WireKeyValue;
  readonly prev_kv?: WireKeyValue;
}
export interface WireWatchResponse {
  readonly header: WireHeader;
  readonly watch_id: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compact_revision?: number;
  readonly cancel_reason?: string;
  readonly fragment?: boolean;
  readonly events?: readonly WireEvent[];
  /** More events, each as the bytes it is inside this message. */
  readonly encodedEvents?: readonly Buffer[];
}

/** A 64-bit integer as a number; exact below 2^53. */
export function longToNumber(long: Long): number {
  return (long.high | 0) * 2 ** 32 + (long.low >>> 0);
}

/** A 64-bit integer as a bigint, signed or not as it says itself. */
export function longToBigint(long: Long): bigint {
  const high = long.unsigned ? long.high >>> 0 : long.high | 0;
  return BigInt(high) * 2n ** 32n + BigInt(long.low >>> 0);
}

/** A bigint as the protobuf library's two halves. */
export function bigintToLong(value: bigint, unsigned = false): Long {
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned,
  };
}
