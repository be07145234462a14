/**
 * The pages of a bbolt file as bytes: two meta pages, a free list, leaves, branches, and small trees kept inside a leaf. Pure.
 * Source: bbolt's file format (meta.go, page.go, bucket.go); all numbers are little endian.
 */

/** Of the machines etcd runs on; the file says it too. */
export const pageBytes = 4096;
export const pageHeaderBytes = 16;
export const leafElementBytes = 16;
export const branchElementBytes = 16;

const flags = { branch: 0x01, leaf: 0x02, meta: 0x04, freeList: 0x10 } as const;
const bucketEntryFlag = 0x01;
const magic = 0xed0cdaed;
const formatVersion = 2;
const metaBytes = 64;
const bucketHeaderBytes = 16;

export interface LeafItem {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket?: boolean;
}

export interface BranchItem {
  /** The first key below. */
  readonly key: Buffer;
  readonly pageId: number;
}

/** What both meta pages say. */
export interface FileMeta {
  readonly rootId: number;
  readonly freeListId: number;
  /** The file has this many pages. */
  readonly pages: number;
}

/** Meta page 0 or 1; the higher transaction counts. */
export function metaPage(id: 0 | 1, meta: FileMeta): Buffer {
  const page = emptyPage(id, flags.meta, 0, 0);
  const body = page.subarray(pageHeaderBytes, pageHeaderBytes + metaBytes);
  body.writeUInt32LE(magic, 0);
  body.writeUInt32LE(formatVersion, 4);
  body.writeUInt32LE(pageBytes, 8);
  writeId(body, meta.rootId, 16);
  writeId(body, meta.freeListId, 32);
  writeId(body, meta.pages, 40);
  writeId(body, id, 48);
  body.writeBigUInt64LE(fnv1a(body.subarray(0, 56)), 56);
  return page;
}

/** Nothing is free. */
export function freeListPage(id: number): Buffer {
  return emptyPage(id, flags.freeList, 0, 0);
}

/** A leaf on `1 + overflow` pages. */
export function leafPage(id: number, overflow: number, items: readonly LeafItem[]): Buffer {
  const page = emptyPage(id, flags.leaf, items.length, overflow);
  writeLeafItems(page, items);
  return page;
}

/** A page of references to pages below. */
export function branchPage(id: number, items: readonly BranchItem[]): Buffer {
  const page = emptyPage(id, flags.branch, items.length, 0);
  let at = pageHeaderBytes + items.length * branchElementBytes;
  items.forEach(({ key, pageId }, i) => {
    const element = pageHeaderBytes + i * branchElementBytes;
    page.writeUInt32LE(at - element, element);
    page.writeUInt32LE(key.length, element + 4);
    writeId(page, pageId, element + 8);
    at += key.copy(page, at);
  });
  return page;
}

/** The value of a bucket's entry whose tree begins at `rootId`. */
export function bucketAt(rootId: number): Buffer {
  const value = Buffer.alloc(bucketHeaderBytes);
  writeId(value, rootId, 0);
  return value;
}

/** The value of a bucket's entry that holds its only leaf itself; bbolt does so up to a quarter of a page. */
export function inlineBucket(items: readonly LeafItem[]): Buffer {
  const bytes = items.reduce((sum, item) => sum + leafElementBytes + item.key.length + item.value.length, 0);
  const value = Buffer.alloc(bucketHeaderBytes + pageHeaderBytes + bytes);
  const page = value.subarray(bucketHeaderBytes);
  writeHeader(page, 0, flags.leaf, items.length, 0);
  writeLeafItems(page, items);
  return value;
}

function writeLeafItems(page: Buffer, items: readonly LeafItem[]): void {
  let at = pageHeaderBytes + items.length * leafElementBytes;
  items.forEach(({ key, value, isBucket }, i) => {
    const element = pageHeaderBytes + i * leafElementBytes;
    page.writeUInt32LE(isBucket ? bucketEntryFlag : 0, element);
    page.writeUInt32LE(at - element, element + 4);
    page.writeUInt32LE(key.length, element + 8);
    page.writeUInt32LE(value.length, element + 12);
    at += key.copy(page, at);
    at += value.copy(page, at);
  });
}

function emptyPage(id: number, kind: number, count: number, overflow: number): Buffer {
  const page = Buffer.alloc(pageBytes * (1 + overflow));
  writeHeader(page, id, kind, count, overflow);
  return page;
}

function writeHeader(page: Buffer, id: number, kind: number, count: number, overflow: number): void {
  writeId(page, id, 0);
  page.writeUInt16LE(kind, 8);
  page.writeUInt16LE(count, 10);
  page.writeUInt32LE(overflow, 12);
}

function writeId(bytes: Buffer, id: number, offset: number): void {
  bytes.writeBigUInt64LE(BigInt(id), offset);
}

/** The 64-bit FNV-1a hash. */
function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
