import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLuks2Volume } from '#luks';
import { type Case, perSecond } from './pairs.ts';

const mebibyte = 1024 * 1024;
const unitMebibytes = 16;
const units = 8;
const mebibytes = unitMebibytes * units;
const sectorBytes = 4096;

/**
 * A volume of 128 MiB, from its plaintext to the synced and renamed file, against AES-256-XTS of the same bytes alone: one
 * call of node:crypto for each sector, which is all it has, and nothing kept. By the clock: one slice is written while the
 * next is encrypted. The key derivation is as small as Argon2id goes: it is a second of anybody's unlock, and says nothing
 * about encryption. The file is in memory where there is such a place.
 */
export const luksWriter: Case = {
  ...{ name: 'userspace-luks2-writer', unit: 'MiB/s', bar: 0.7, better: 'more', pairs: 15 },
  open: async () => {
    const dir = await mkdtemp(join(await inMemory(), 'hcc-luks-'));
    const unit = randomBytes(unitMebibytes * mebibyte);
    const volumeKey = randomBytes(64);
    return {
      ours: async () => {
        const target = join(dir, 'volume');
        await rm(target, { force: true });
        return perSecond(mebibytes, async () => {
          await writeLuks2Volume({
            ...{ source: unitsOf(unit), sourceBytes: mebibytes * mebibyte, target, volumeKey, sectorBytes },
            ...{ passphrase: randomBytes(64), argon2id: { iterations: 1, memoryKiB: 8, cpus: 1 } },
            argon2idBounds: { memoryKiBMin: 8, memoryKiBMax: 8, iterationsMin: 1, iterationsMax: 1, cpusMax: 1 },
            ...{ uuid: crypto.randomUUID(), random: randomBytes },
          });
        });
      },
      raw: () => perSecond(mebibytes, () => sectorBySector(unit, volumeKey)),
      close: () => rm(dir, { recursive: true, force: true }),
    };
  },
};

const sectorBySector = (unit: Buffer, volumeKey: Buffer): void => {
  const key = createSecretKey(volumeKey);
  const iv = Buffer.alloc(16);
  for (let sector = 0; sector * sectorBytes < mebibytes * mebibyte; sector += 1) {
    iv.writeBigUInt64LE(BigInt((sector * sectorBytes) / 512));
    const at = (sector * sectorBytes) % unit.length;
    createCipheriv('aes-256-xts', key, iv).update(unit.subarray(at, at + sectorBytes));
  }
};

async function* unitsOf(unit: Buffer): AsyncGenerator<Buffer> {
  for (let index = 0; index < units; index += 1) yield unit;
}

const inMemory = (): Promise<string> =>
  access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => tmpdir(),
  );
