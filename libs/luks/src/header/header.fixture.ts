import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { defaultArgon2idBounds } from '../limits.ts';
import { binaryHeaderBytes, type HeaderCopy, readCopy, writeCopy } from './binary-header.ts';
import { makeHeader } from './make-header.ts';
import type { HeaderTerms } from './parse-header.ts';

/** The same bytes in each run, different in each call. */
export const seededRandom = (seed: string): ((bytes: number) => Buffer) => {
  let calls = 0;
  return (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes; at += 32) {
      parts.push(createHash('sha256').update(`${seed} ${calls} ${at}`).digest());
    }
    calls += 1;
    return Buffer.concat(parts).subarray(0, bytes);
  };
};

export const deviceBytes = 1024 * 1024 + 8 * 4096;
export const terms: HeaderTerms = { deviceBytes, argon2id: defaultArgon2idBounds, integrity: 'none' };
/** The same of a volume with tags. */
export const taggedTerms: HeaderTerms = { ...terms, integrity: 'hmac-sha256' };

/** A header as our writer makes it, of a key nobody has. */
export const goodHeader = (): Buffer => {
  const random = seededRandom('header');
  return makeHeader({
    ...{ uuid: '0d4e2f6a-1b7c-4f3a-9a55-5a1c0d2e3f40', label: 'web', sectorBytes: 4096, random },
    kdf: { iterations: 4, memoryKiB: 64 * 1024, cpus: 1, salt: random(32) },
    digest: { iterations: 1000, salt: random(32), value: random(32) },
  });
};

type Json = { [key: string]: Json } & { [index: number]: Json };

/** The same header with another metadata, checksums right: what somebody else could have written. */
export const headerWith = (change: (metadata: Json) => void): Buffer => {
  const { jsonText } = readCopy(goodHeader(), 0, 'primary');
  const metadata = JSON.parse(jsonText.toString('latin1').replace(/\0+$/, '')) as Json;
  change(metadata);
  return headerOfText(JSON.stringify(metadata));
};

/** A header of a volume with tags, in cryptsetup's form, with one more change. */
export const taggedHeaderWith = (change: (metadata: Json) => void = () => undefined): Buffer =>
  headerWith((metadata) => {
    const { keyslots, segments, config } = metadata;
    Object.assign(keyslots?.['0'] ?? {}, { key_size: 96 });
    Object.assign(keyslots?.['0']?.area ?? {}, { size: String(376 * 1024) });
    const integrity = { type: 'hmac(sha256)', journal_encryption: 'none', journal_integrity: 'none' };
    Object.assign(segments?.['0'] ?? {}, { integrity });
    Object.assign(config ?? {}, { keyslots_size: String(512 * 1024) });
    change(metadata);
  });

/** The same header with this text in its JSON areas. */
export const headerOfText = (text: string, headerBytes = 16_384): Buffer => {
  const jsonText = Buffer.alloc(headerBytes - binaryHeaderBytes);
  jsonText.write(text, 'latin1');
  return headerOfCopies({ headerBytes, jsonText }, {});
};

/** The same header with other fields in its copies, checksums right. */
export const headerOfCopies = (both: Partial<HeaderCopy>, secondary: Partial<HeaderCopy>): Buffer => {
  const copy = { ...readCopy(goodHeader(), 0, 'primary'), ...both };
  return Buffer.concat([
    writeCopy('primary', copy, Buffer.alloc(64, 1)),
    writeCopy('secondary', { ...copy, ...secondary }, Buffer.alloc(64, 2)),
  ]);
};
