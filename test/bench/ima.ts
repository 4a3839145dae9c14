import { hash } from 'node:crypto';
import { createImaVerifier, type ImaVerification } from '#attestation';
import { type Case, type Figure, median, perCpuSecond } from './pairs.ts';

const entriesOfBench = 40_000;
const memoryName = 'ima-100-mb-retained';
export const imaMemoryName = memoryName;
const streamBytes = 100 * 1024 * 1024;
const memoryBarMiB = 4;

/** Template checks and two banks over one list, against the hashes alone of the same bytes: four an entry. */
export const imaReplay: Case = {
  name: 'ima-replay',
  unit: 'entries/s of CPU',
  bar: 0.8,
  better: 'more',
  pairs: 11,
  open: async () => {
    const entries = Array.from({ length: entriesOfBench }, (_, n) => entryOf(n));
    const list = Buffer.concat(entries.map(({ bytes }) => bytes));
    const value = bare(entries);
    return {
      ours: async () =>
        perCpuSecond(entries.length, () => {
          const verifier = createImaVerifier(told([{ bank: 'sha256', value }]));
          verifier.push(list);
          if (!verifier.finish().ok) throw new Error('BUG: the list of the bench is refused');
        }),
      raw: async () =>
        perCpuSecond(entries.length, () => {
          if (bare(entries) !== value) throw new Error('BUG: bare hashing is not the same twice');
        }),
      close: async () => undefined,
    };
  },
};

/** What a verifier keeps after a list of 100 MB that was never there at once. Units: MiB of heap and buffers. */
export const imaMemory = (pairs: number, tell: (text: string) => void): Figure => {
  const kept: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const before = inUse();
    const verifier = createImaVerifier(told('unchecked'));
    let pushed = 0;
    for (let n = 0; pushed < streamBytes; n += 1) {
      const { bytes } = entryOf(n);
      verifier.push(bytes);
      pushed += bytes.length;
    }
    kept.push((inUse() - before) / 1024 ** 2);
    if (!verifier.finish().ok) throw new Error('BUG: the stream of the bench is refused');
    tell(`${memoryName}: ${pair + 1} of ${pairs}: ${kept.at(-1)?.toFixed(2)} MiB`);
  }
  const ours = Math.round(median(kept) * 1_000) / 1_000;
  return { name: memoryName, unit: 'MiB', ours, raw: null, ratio: null, bar: memoryBarMiB, ok: ours <= memoryBarMiB };
};

const inUse = (): number => {
  if (global.gc === undefined) throw new Error('the bench runs with --expose-gc');
  // The first collection leaves buffers to a sweeper of another thread; the second waits for it.
  global.gc();
  global.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const told = (quote: ImaVerification['quote']): ImaVerification => ({
  ...{ form: 'binary-little-endian', listBank: 'sha1', hashedAs: 'as-written', banks: ['sha1', 'sha256'] },
  ...{ paddedSha1: 'refused', quote, bootPcrs: 'unchecked', policy: 'unchecked' },
  ...{ progress: 'first-round', firstEntry: 0 },
});

type Entry = { readonly bytes: Buffer; readonly data: Buffer; readonly templateHash: string };

/** The least that two banks and a template check cost: every digest in the form in which Node gives it fastest. */
const bare = (entries: readonly Entry[]): string => {
  const [sha1, sha256] = [Buffer.alloc(40), Buffer.alloc(64)];
  for (const { data, templateHash } of entries) {
    const own = hash('sha1', data, 'binary');
    if (own !== templateHash) throw new Error('BUG: an entry of the bench is false');
    sha1.write(own, 20, 'latin1');
    sha1.write(hash('sha1', sha1, 'binary'), 0, 'latin1');
    sha256.write(hash('sha256', data, 'binary'), 32, 'latin1');
    sha256.write(hash('sha256', sha256, 'binary'), 0, 'latin1');
  }
  return sha256.toString('hex', 0, 32);
};

/** An entry as Linux writes them: template ima-ng, a SHA-256 and a path of some length. */
const entryOf = (n: number): Entry => {
  const path = Buffer.from(`/usr/lib/x86_64-linux-gnu/some-package/lib${n}.so.${n % 7}\0`);
  const data = Buffer.concat([
    u32(40),
    Buffer.from('sha256:\0'),
    hash('sha256', path, 'buffer'),
    u32(path.length),
    path,
  ]);
  const digest = hash('sha1', data, 'buffer');
  const bytes = Buffer.concat([u32(10), digest, u32(6), Buffer.from('ima-ng'), u32(data.length), data]);
  return { bytes, data, templateHash: digest.toString('latin1') };
};

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
