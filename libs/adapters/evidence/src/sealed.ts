import { createCipheriv, createDecipheriv } from 'node:crypto';

/** First bytes of a file: what it is, and the version of its form. */
const magic = Buffer.from('HCCE1\n');
const ivBytes = 12;
const tagBytes = 16;

export type Seal = { readonly key: Uint8Array; readonly name: string; readonly iv: Uint8Array };

/** Bytes under a key, bound to their name: a file under another name does not open. */
export const seal = (bytes: Uint8Array, { key, name, iv }: Seal): Uint8Array => {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(name));
  return Buffer.concat([magic, iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
};

/** What {@link seal} was given; `null` when it was changed, or kept under another key or name. */
export const openSealed = (sealed: Uint8Array, { key, name }: Omit<Seal, 'iv'>): Uint8Array | null => {
  const [ivFrom, bodyFrom, bodyTo] = [magic.length, magic.length + ivBytes, sealed.length - tagBytes];
  if (bodyTo < bodyFrom || !magic.equals(sealed.subarray(0, ivFrom))) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(ivFrom, bodyFrom), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(bodyTo));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(bodyFrom, bodyTo)), decipher.final()]);
  } catch {
    return null;
  }
};
