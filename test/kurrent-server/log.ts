// What a KurrentDB keeps, as far as our adapter can see it. Shared by the nodes of a test cluster, and kept when they restart.

export type Proposed = {
  readonly id: string;
  readonly metadata: readonly (readonly [string, string])[];
  readonly customMetadata: Uint8Array;
  readonly data: Uint8Array;
};

export type StoredRecord = Proposed & {
  readonly stream: string;
  readonly revision: bigint;
  /** Offset in the log: rises, with gaps, as a real one does. */
  readonly position: bigint;
};

export type Expected = bigint | 'no-stream' | 'any' | 'stream-exists';

export type Written =
  | { readonly kind: 'written'; readonly last: StoredRecord }
  | { readonly kind: 'wrong-version'; readonly actual: bigint | null };

export type Log = {
  append(stream: string, expected: Expected, proposed: readonly Proposed[]): Written;
  /** What is visible of a stream, `$maxCount` applied; `null` when nobody wrote it. */
  stream(name: string): readonly StoredRecord[] | null;
  /** Everything, in the order of the log. */
  all(): readonly StoredRecord[];
  /** Index in {@link Log.all} of the first record at a position or after it. */
  indexAt(position: bigint): number;
  /** Calls back after each append, until told to stop. */
  onAppend(told: () => void): () => void;
};

const recordOverheadBytes = 150n;

/** A log with what a fresh server writes about itself before any client comes. */
export const createLog = (): Log => {
  const all: StoredRecord[] = [];
  const streams = new Map<string, StoredRecord[]>();
  const told = new Set<() => void>();
  let next = 0n;

  const write = (stream: string, one: Proposed): StoredRecord => {
    const records = streams.get(stream) ?? [];
    const record = { ...one, stream, revision: BigInt(records.length), position: next };
    next += recordOverheadBytes + BigInt(one.data.length + one.customMetadata.length);
    records.push(record);
    streams.set(stream, records);
    all.push(record);
    return record;
  };
  const log: Log = {
    all: () => all,
    indexAt: (position) => indexAt(all, position),
    stream: (name) => {
      const records = streams.get(name);
      return records === undefined ? null : records.slice(-maxCountOf(streams.get(`$$${name}`)));
    },
    append: (stream, expected, proposed) => {
      const records = streams.get(stream) ?? [];
      const actual = records.at(-1)?.revision ?? null;
      if (!isMet(expected, actual)) {
        const again = repeated(records, expected, proposed);
        return again === null ? { kind: 'wrong-version', actual } : { kind: 'written', last: again };
      }
      const last = proposed.map((one) => write(stream, one)).at(-1) ?? records.at(-1);
      if (last === undefined) throw new Error(`an append of nothing to ${stream}`);
      for (const tell of told) tell();
      return { kind: 'written', last };
    },
    onAppend: (tell) => {
      told.add(tell);
      return () => told.delete(tell);
    },
  };
  for (const stream of ['$$$settings', '$stats-127.0.0.1:2113']) log.append(stream, 'any', [systemEvent]);
  return log;
};

const systemEvent: Proposed = {
  id: '00000000-0000-4000-8000-000000000001',
  metadata: [
    ['type', '$system'],
    ['content-type', 'application/json'],
  ],
  customMetadata: new Uint8Array(),
  data: Buffer.from('{}'),
};

const isMet = (expected: Expected, actual: bigint | null): boolean => {
  if (expected === 'any') return true;
  if (expected === 'no-stream') return actual === null;
  return expected === 'stream-exists' ? actual !== null : actual === expected;
};

/** The server's idempotency: the same ids at the same place were written before. It does not look at their content. */
const repeated = (
  records: readonly StoredRecord[],
  expected: Expected,
  proposed: readonly Proposed[],
): StoredRecord | null => {
  if (expected === 'stream-exists') return null;
  const first = typeof expected === 'bigint' ? Number(expected) + 1 : 0;
  const there = records.slice(first, first + proposed.length);
  const same = there.length === proposed.length && proposed.every(({ id }, index) => there[index]?.id === id);
  return same ? (there.at(-1) ?? null) : null;
};

const maxCountOf = (metadata: readonly StoredRecord[] | undefined): number => {
  const last = metadata?.at(-1);
  if (last === undefined) return Number.POSITIVE_INFINITY;
  const { $maxCount } = JSON.parse(Buffer.from(last.data).toString()) as { $maxCount?: number };
  return $maxCount ?? Number.POSITIVE_INFINITY;
};

const indexAt = (all: readonly StoredRecord[], position: bigint): number => {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.position ?? position) < position) low = middle + 1;
    else high = middle;
  }
  return low;
};
