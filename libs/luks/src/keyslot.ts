import { Buffer } from 'node:buffer';
import { argon2, createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { stripes, volumeKeyBytes } from './header/metadata.ts';
import { limits } from './limits.ts';
import { LuksError } from './luks-error.ts';
import { decryptSectors, encryptSectors, type SectorKey, sectorKeyOf } from './sectors.ts';

export type Argon2id = { readonly iterations: number; readonly memoryKiB: number; readonly cpus: number };

/** Random bytes that nobody can guess. */
export type RandomBytes = (bytes: number) => Uint8Array;

const argon2Async = promisify(argon2);
const pbkdf2Async = promisify(pbkdf2);

const materialBytes = volumeKeyBytes * stripes;
const blockBytes = 32;
/** Keyslot areas are encrypted in these, whatever the sectors of the data are. */
const areaSectorBytes = 512;

/** The content of a keyslot: the volume key, spread over {@link stripes} and encrypted with what Argon2id makes of the passphrase. */
export const sealKeyslot = async (
  volumeKey: Buffer,
  passphrase: Uint8Array,
  kdf: Argon2id,
  salt: Uint8Array,
  random: RandomBytes,
): Promise<Buffer> => {
  const areaKey = await areaKeyOf(passphrase, kdf, salt);
  const material = afSplit(volumeKey, random);
  try {
    const area = Buffer.alloc(materialBytes);
    encryptSectors(areaKey, material, area, 0, areaSectorBytes);
    return area;
  } finally {
    material.fill(0);
  }
};

/** What a keyslot gives for a passphrase: the volume key, or noise for a wrong one. The caller asks the digest, and zeroes it. */
export const unsealKeyslot = async (
  area: Buffer,
  passphrase: Uint8Array,
  kdf: Argon2id,
  salt: Uint8Array,
): Promise<Buffer> => {
  const areaKey = await areaKeyOf(passphrase, kdf, salt);
  const material = Buffer.alloc(materialBytes);
  try {
    decryptSectors(areaKey, area.subarray(0, materialBytes), material, 0, areaSectorBytes);
    return afMerge(material);
  } finally {
    material.fill(0);
  }
};

/** What a header keeps of the volume key, so that a wrong one is known. */
export const digestOf = (volumeKey: Uint8Array, salt: Uint8Array, iterations: number): Promise<Buffer> =>
  pbkdf2Async(volumeKey, salt, iterations, blockBytes, 'sha256');

/** Whether this is the volume key of the digest. */
export const isVolumeKey = async (
  volumeKey: Uint8Array,
  { iterations, salt, value }: { readonly iterations: number; readonly salt: string; readonly value: string },
): Promise<boolean> =>
  timingSafeEqual(await digestOf(volumeKey, Buffer.from(salt, 'base64'), iterations), Buffer.from(value, 'base64'));

const areaKeyOf = async (passphrase: Uint8Array, kdf: Argon2id, salt: Uint8Array): Promise<SectorKey> => {
  if (passphrase.length < 1 || passphrase.length > limits.passphraseBytesMax) {
    throw new LuksError(
      'passphrase-form',
      `a passphrase has ${passphrase.length} bytes`,
      `${passphrase.length} bytes`,
      `1 to ${limits.passphraseBytesMax} bytes`,
    );
  }
  const key = await argon2Async('argon2id', {
    message: passphrase,
    nonce: salt,
    parallelism: kdf.cpus,
    memory: kdf.memoryKiB,
    passes: kdf.iterations,
    tagLength: volumeKeyBytes,
  });
  try {
    return sectorKeyOf(key);
  } finally {
    key.fill(0);
  }
};

/** LUKS's anti-forensic splitter: without any one of the stripes the key is lost, so that wiping one wipes it. */
export const afSplit = (key: Buffer, random: RandomBytes): Buffer => {
  const material = Buffer.alloc(key.length * stripes);
  const last = material.subarray(key.length * (stripes - 1));
  material.set(random(key.length * (stripes - 1)));
  const mixed = mixStripes(material, key.length);
  for (let index = 0; index < key.length; index += 1) last[index] = (mixed[index] ?? 0) ^ (key[index] ?? 0);
  mixed.fill(0);
  return material;
};

/** The key out of its stripes. */
export const afMerge = (material: Buffer): Buffer => {
  const keyBytes = material.length / stripes;
  const key = mixStripes(material, keyBytes);
  xorInto(key, material, keyBytes * (stripes - 1));
  return key;
};

/** All stripes but the last, each mixed in and the sum diffused. */
const mixStripes = (material: Buffer, keyBytes: number): Buffer => {
  const mixed = Buffer.alloc(keyBytes);
  for (let stripe = 0; stripe < stripes - 1; stripe += 1) {
    xorInto(mixed, material, stripe * keyBytes);
    diffuse(mixed);
  }
  return mixed;
};

const xorInto = (target: Buffer, source: Buffer, from: number): void => {
  for (let index = 0; index < target.length; index += 1) {
    target[index] = (target[index] ?? 0) ^ (source[from + index] ?? 0);
  }
};

const diffuse = (bytes: Buffer): void => {
  for (let block = 0; block * blockBytes < bytes.length; block += 1) {
    const part = bytes.subarray(block * blockBytes, (block + 1) * blockBytes);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(block);
    part.set(createHash('sha256').update(number).update(part).digest().subarray(0, part.length));
  }
};
