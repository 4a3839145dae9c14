import { createCipheriv, createDecipheriv } from 'node:crypto';

/** First bytes of a record: what it is, and the version of its form. */
const bare = Buffer.from('HCCE1\n');
/** The same with a note before its bytes, whose length comes first. */
const noted = Buffer.from('HCCE2\n');
const ivBytes = 12;
const tagBytes = 16;
const lengthBytes = 4;

export type Seal = { readonly key: Uint8Array; readonly name: string; readonly iv: Uint8Array };

/** What was sealed: bytes, and what was noted of them; `null` where nothing was. */
export type Opened = { readonly bytes: Uint8Array; readonly note: Uint8Array | null };

/** Bytes under a key, bound to their name, and a note with them: a record under another name does not open. */
export const seal = (bytes: Uint8Array, { key, name, iv }: Seal, note: Uint8Array | null = null): Uint8Array => {
  const magic = note === null ? bare : noted;
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aadOf(magic, name));
  const before = note === null ? [] : [cipher.update(lengthOf(note)), cipher.update(note)];
  return Buffer.concat([magic, iv, ...before, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
};

/** What {@link seal} was given; `null` when it was changed, or kept under another key or name. */
export const openSealed = (sealed: Uint8Array, { key, name }: Omit<Seal, 'iv'>): Opened | null => {
  const magic = [bare, noted].find((one) => one.equals(sealed.subarray(0, one.length)));
  const [ivFrom, bodyFrom, bodyTo] = [bare.length, bare.length + ivBytes, sealed.length - tagBytes];
  if (bodyTo < bodyFrom || magic === undefined) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(ivFrom, bodyFrom), { authTagLength: tagBytes });
  decipher.setAAD(aadOf(magic, name)).setAuthTag(sealed.subarray(bodyTo));
  try {
    const opened = Buffer.concat([decipher.update(sealed.subarray(bodyFrom, bodyTo)), decipher.final()]);
    return magic === bare ? { bytes: opened, note: null } : parted(opened);
  } catch {
    return null;
  }
};

/** The older form is bound to its name alone. */
const aadOf = (magic: Buffer, name: string): Buffer =>
  magic === bare ? Buffer.from(name) : Buffer.concat([magic, Buffer.from(name)]);

const lengthOf = (note: Uint8Array): Buffer => {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(note.length);
  return length;
};

const parted = (opened: Buffer): Opened => {
  const from = lengthBytes + opened.readUInt32BE(0);
  return { note: opened.subarray(lengthBytes, from), bytes: opened.subarray(from) };
};
