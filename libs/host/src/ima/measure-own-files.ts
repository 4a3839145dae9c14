import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errnoOf, HostError } from '../errors.ts';
import { withLock } from '../lock.ts';
import type { HostTpm } from '../tpm/host-tpm.ts';
import type { ImaListFile } from './kernel-list.ts';
import { imaLimits } from './limits.ts';
import { binaryListEntries, type OwnEntry, ownEntry, readOwnEntry } from './list-entries.ts';

export type OwnFilesOptions = {
  /** The durable list; its directory is made where it is missing. */
  readonly listPath: string;
  /** Absolute paths in the order in which they are measured: every file of the program, and the binary that runs it. */
  readonly files: readonly string[];
  readonly tpm: Pick<HostTpm, 'extend' | 'readPcrs' | 'starts'>;
};

export type OwnList = ImaListFile & {
  readonly entries: number;
  /** Entries that were added, or extended for a run that had been interrupted. */
  readonly extended: number;
  /** True when the TPM had been reset since the list was written, so that it was begun anew. */
  readonly begunAnew: boolean;
};

/**
 * Measures a program's files as Linux would: boot_aggregate first, then an entry for each file that is not yet in the list
 * with this digest, each extended into the SHA-256 bank of PCR 10 exactly once. Entries are durable before they are extended,
 * so after a crash the register shows which are still to be. A reset TPM begins a new list. Refuses with `ima-list-refused`
 * when register and list do not belong together: extending further would only make a list that nobody can verify.
 */
export function measureOwnFiles(options: OwnFilesOptions): Promise<OwnList> {
  if (options.files.length > imaLimits.filesMax) {
    throw new HostError('ima-list-refused', `${options.files.length} files, wanted at most ${imaLimits.filesMax}`, {});
  }
  return withLock(`${options.listPath}.lock`, () => measure(options));
}

async function measure({ listPath, files, tpm }: OwnFilesOptions): Promise<OwnList> {
  await mkdir(dirname(listPath), { recursive: true, mode: 0o700 });
  const registers = (await tpm.readPcrs({ bank: 'sha256', indices })).map(({ value }) => value);
  const life = tpm.starts();
  const pcr10 = registers[10] ?? '';
  const isReset = pcr10 === zeros;
  const hadList = (await sizeOf(listPath)) > 0;
  if (isReset) await rm(listPath, { force: true });
  const known = await readOwnList(listPath, pcr10);
  const { pending } = known;
  if (pending === null) throw apart(listPath, hadList, pcr10);
  const added: OwnEntry[] = known.entries > 0 ? [] : [ownEntry('boot_aggregate', bootAggregate(registers))];
  for (const path of files) {
    const digest = await fileDigest(path);
    if (known.digests.get(path) === digest) continue;
    known.digests.set(path, digest);
    added.push(ownEntry(path, digest));
  }
  await appendDurably(listPath, known.bytes, added);
  await tpm.extend(
    'sha256',
    10,
    [...pending, ...added].map(({ extendSha256 }) => extendSha256),
    life,
  );
  return {
    ...{ path: listPath, form: 'binary-little-endian', measuredBy: 'own' },
    ...{ entries: known.entries + added.length, extended: pending.length + added.length },
    begunAnew: isReset && hadList,
  };
}

type Known = {
  readonly entries: number;
  /** Bytes of whole entries: an append that was interrupted is cut off there. */
  readonly bytes: number;
  /** The last digest of each path. */
  readonly digests: Map<string, string>;
  /** Entries after those the register has; null when it is reached nowhere. */
  readonly pending: readonly OwnEntry[] | null;
};

async function readOwnList(listPath: string, pcr10: string): Promise<Known> {
  const digests = new Map<string, string>();
  let [entries, bytes, register] = [0, 0, zeros];
  let pending: OwnEntry[] | null = pcr10 === zeros ? [] : null;
  if ((await sizeOf(listPath)) === 0) return { entries, bytes, digests, pending };
  for await (const one of binaryListEntries(listPath, 0, 'LE')) {
    const entry = readOwnEntry(one);
    if (entry === null) {
      throw new HostError(
        'ima-list-refused',
        `${listPath} has an entry ${entries} that this program did not write; ${anew}`,
        {},
      );
    }
    [entries, bytes] = [entries + 1, bytes + one.length];
    digests.set(entry.path, entry.digest);
    register = hash('sha256', Buffer.from(register + entry.extendSha256, 'hex'), 'hex');
    if (register === pcr10) pending = [];
    else pending?.push(entry);
  }
  return { entries, bytes, digests, pending };
}

async function appendDurably(listPath: string, wholeBytes: number, added: readonly OwnEntry[]): Promise<void> {
  const file = await open(listPath, 'a', 0o600);
  try {
    await file.truncate(wholeBytes);
    await file.writeFile(Buffer.concat(added.map(({ bytes }) => bytes)));
    await file.sync();
  } finally {
    await file.close();
  }
  // The name of a new file is only durable with its directory.
  const directory = await open(dirname(listPath), 'r');
  await directory.sync().finally(() => directory.close());
}

async function fileDigest(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}

async function sizeOf(path: string): Promise<number> {
  try {
    const file = await open(path, 'r');
    return await file
      .stat()
      .then(({ size }) => size)
      .finally(() => file.close());
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

function apart(listPath: string, hadList: boolean, pcr10: string): HostError {
  const observed = hadList ? 'does not lead to' : 'is lost, and cannot be made again for';
  return new HostError('ima-list-refused', `${listPath} ${observed} PCR 10 (${pcr10}); ${anew}`, { listPath, pcr10 });
}

/** PCRs 0 to 9, as Linux has it since 5.8. */
function bootAggregate(registers: readonly string[]): string {
  return hash('sha256', Buffer.from(registers.slice(0, 10).join(''), 'hex'), 'hex');
}

const anew = 'restart the machine, or a software TPM, so that both begin anew';
const indices = Array.from({ length: 11 }, (_, n) => n);
const zeros = '0'.repeat(64);
