import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openBackupDirectory } from '#adapters/backup';
import { createManualClock } from '#adapters/memory';
import type { BackupOutcome } from '#domain';
import { type BackupStore, BackupStoreError } from '#events';
import { counted } from '../../../../test/backup/counted-store.ts';
import { limits } from '../limits.ts';
import { openBackups } from './open-backups.ts';

export const vmId = '11111111-1111-4111-8111-111111111111';
export const otherId = '22222222-2222-4222-8222-222222222222';
export const backupId = (n: number) => `33333333-3333-4333-8333-00000000000${n}`;
export const piece = limits.backupPieceBytes;
export const never = new AbortController().signal;

/** Two hosts, each with room for a volume, and one store that both know. */
export const newBench = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-bk-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const clock = createManualClock(1_000_000);
  const logged: string[] = [];
  const log = (level: string, message: string) => logged.push(`${level}: ${message}`);
  const bench = counted(openBackupDirectory(join(dir, 'store')));
  const host = async (name: string, store: BackupStore | null = bench.store) => {
    await mkdir(join(dir, name));
    const volume = join(dir, name, 'volume.luks');
    return { volume, backups: openBackups({ store, volumeOf: () => volume, clock, log }) };
  };
  return { ...bench, bench, clock, logged, host, a: await host('a'), b: await host('b') };
};

/** Three pieces of ciphertext, two of nothing, and an end that is no whole piece. */
export const fill = async (volume: string): Promise<Buffer> => {
  const bytes = Buffer.concat([
    randomBytes(2 * piece),
    Buffer.alloc(2 * piece),
    randomBytes(piece),
    randomBytes(4_096),
  ]);
  await writeFile(volume, bytes);
  return bytes;
};

export const overwrite = async (path: string, offset: number, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
};

export const madeOf = (outcome: BackupOutcome) => {
  if (outcome.outcome === 'made') return outcome;
  throw new Error(`not made: ${outcome.code}: ${outcome.detail}`);
};

export const away = () => new BackupStoreError('backup-store-unavailable', 'the store is away');
