import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import {
  type Clock,
  type EvidenceStore,
  EvidenceUnavailable,
  isoTime,
  type JudgedWith,
  type KeptEvidence,
} from '#events';
import { type Day, daysIn, dropDay, readDay } from './day-file.ts';
import { startKeeper } from './keeper.ts';
import { evidenceBytesMax, sharedMax } from './limits.ts';
import { noteOf, readNote } from './note.ts';
import { type Opened, openSealed, seal } from './sealed.ts';
import { dropSingles, readSingle } from './single-files.ts';

export type EvidencePlace = {
  /** A directory of this store alone; made private. */
  readonly dir: string;
  /** 32 bytes, the same for every program that shall read what another kept. */
  readonly key: Uint8Array;
};

export type EvidenceFilesOptions = EvidencePlace & {
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
};

const SHA256 = /^[0-9a-f]{64}$/;
const dayMs = 24 * 3_600_000;

/**
 * Evidence in a file for each day, a SQLite database: each piece encrypted (AES-256-GCM, bound to its digest) and durable before
 * `put` resolves, many of them with one wait for the disk. A day is dropped as a whole once all of it is old, so that a piece
 * may stay a day longer. Several programs may share the directory.
 */
export const openEvidenceFiles = async ({
  dir,
  key,
  random,
  clock,
}: EvidenceFilesOptions): Promise<{ readonly store: EvidenceStore; close(): Promise<void> }> => {
  const { get, judgedWith } = readEvidenceFiles({ dir, key });
  await inDir(dir, () => mkdir(dir, { recursive: true, mode: 0o700 }));
  const keeper = startKeeper(dir);

  const shared = createShared();

  const keep = async (day: Day, sha256: string, bytes: Uint8Array, note: Uint8Array | null = null): Promise<void> => {
    if (bytes.length > evidenceBytesMax) {
      throw new EvidenceUnavailable(`evidence of ${bytes.length} bytes, at most ${evidenceBytesMax} are kept`);
    }
    const sealed = seal(bytes, { key, name: sha256, iv: random(12) }, note);
    await keeper.keep(day, { sha256: Buffer.from(sha256, 'hex'), sealed });
  };
  const put = async (bytes: Uint8Array, judged?: JudgedWith): Promise<string> => {
    // One day for all of it: what is noted is then there for as long as what it is noted of.
    const day = isoTime(clock.now()).slice(0, 10);
    const sha256 = hash('sha256', bytes, 'hex');
    if (judged === undefined) {
      await keep(day, sha256, bytes);
      return sha256;
    }
    const { note, pieces } = noteOf(judged);
    const missing = [...pieces].filter(([name]) => !shared.has(day, name));
    await Promise.all([...missing.map(([name, piece]) => keep(day, name, piece)), keep(day, sha256, bytes, note)]);
    for (const [name] of missing) shared.add(day, name);
    return sha256;
  };
  const dropOlder = async (than: number): Promise<number> => {
    const old = daysIn(dir).filter((day) => Date.parse(day) + dayMs <= than);
    for (const day of old) dropDay(dir, day);
    return old.length + (await dropSingles(dir, than, clock.now()));
  };
  return {
    store: { put, get, judgedWith, dropOlder: (than) => inDir(dir, () => dropOlder(than)) },
    close: keeper.close,
  };
};

/** What is in the file of today already: lists and certificates are the same for the evidence of many. */
const createShared = () => {
  let [today, names]: [Day, Set<string>] = ['', new Set()];
  return {
    has: (day: Day, name: string): boolean => day === today && names.has(name),
    add: (day: Day, name: string): void => {
      if (day !== today) [today, names] = [day, new Set()];
      if (names.size < sharedMax) names.add(name);
    },
  };
};

/** What {@link openEvidenceFiles} keeps, for a program that only reads it; it may be kept on meanwhile. */
export const readEvidenceFiles = ({ dir, key }: EvidencePlace): KeptEvidence => {
  if (key.length !== 32) throw new EvidenceUnavailable(`the evidence key has ${key.length} bytes, wanted 32`);
  /** Who judges again goes from one day to the next. */
  let lastDay: Day = '';

  const kept = (sha256: string): Uint8Array | null => {
    const days = daysIn(dir);
    const from = Math.max(0, days.indexOf(lastDay));
    for (const day of [...days.slice(from), ...days.slice(0, from)]) {
      const sealed = readDay(dir, day, Buffer.from(sha256, 'hex'));
      if (sealed === null) continue;
      lastDay = day;
      return sealed;
    }
    return null;
  };
  const record = async (sha256: string): Promise<Opened | null> => {
    if (!SHA256.test(sha256)) throw new EvidenceUnavailable(`${sha256.slice(0, 80)} is no SHA-256 in hex`);
    const sealed = kept(sha256) ?? (await readSingle(dir, sha256));
    if (sealed === null) return null;
    const opened = openSealed(sealed, { key, name: sha256 });
    if (opened === null || hash('sha256', opened.bytes, 'hex') !== sha256) {
      throw new EvidenceUnavailable(
        `the evidence ${sha256} was changed, or kept under another key; restore the file, or give the key it was kept under`,
      );
    }
    return opened;
  };
  return {
    get: (sha256) => inDir(dir, async () => (await record(sha256))?.bytes ?? null),
    judgedWith: (sha256) => inDir(dir, () => notedOf(sha256, record)),
  };
};

type ReadRecord = (sha256: string) => Promise<Opened | null>;

const notedOf = async (sha256: string, record: ReadRecord): Promise<JudgedWith | null> => {
  const note = (await record(sha256))?.note ?? null;
  if (note === null) return null;
  const named = async (name: string): Promise<Uint8Array> => {
    const piece = await record(name);
    if (piece !== null) return piece.bytes;
    throw new EvidenceUnavailable(`${name}, which evidence ${sha256} was judged with, is not there; restore its file`);
  };
  const { certificates, revocationLists } = readNote(note);
  const lists = Object.entries(revocationLists).map(async ([product, name]) => [product, await named(name)] as const);
  return {
    certificates:
      certificates === null
        ? null
        : { vek: await named(certificates.vek), chain: await Promise.all(certificates.chain.map(named)) },
    revocationLists: Object.fromEntries(await Promise.all(lists)),
  };
};

const inDir = async <Result>(dir: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EvidenceUnavailable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EvidenceUnavailable(`evidence in ${dir}: ${reason}`, { cause: error });
  }
};
