import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { z } from 'zod';
import { holderText, sealingKeyHolder, VaultError } from '#events';

/** A key-encryption key in use: 32 bytes, and the name that files give it. */
export type Kek = { readonly id: string; readonly key: Uint8Array };

/** What a wrapped key belongs to: under another network, holder or version it does not open. `vmId` is the holder, a VM or
 *  an image with its account: the name of the field is of files that are kept, from when there were VMs only. */
export type Owner = { readonly networkId: string; readonly vmId: string; readonly keyVersion: number };

/** A volume's key as it is kept: which key-encryption key it is under can be read without any key. */
export type KeyFile = z.infer<typeof keyFile>;

const base64 = (bytes: number) =>
  z.string().refine((text) => {
    const read = Buffer.from(text, 'base64');
    return read.length === bytes && read.toString('base64') === text;
  }, `${bytes} bytes as base64`);

export const volumeKeyBytes = 64;
const [nonceBytes, tagBytes] = [12, 16];

const kekId = z.string().regex(/^[0-9a-f]{16}$/);
const keyFile = z.strictObject({
  version: z.literal(1),
  vmId: z.string(),
  keyVersion: z.int().positive(),
  kekId,
  nonce: base64(nonceBytes),
  wrapped: base64(volumeKeyBytes + tagBytes),
});
const tombstone = z.strictObject({
  version: z.literal(1),
  vmId: z.string(),
  /** 0: there was never a key, and there never will be. */
  keyVersion: z.int().nonnegative(),
});
const record = z.strictObject({ version: z.literal(1), networkId: z.string().min(1), kekId });

/** A key-encryption key of 32 bytes, which it copies. Refuses with `kek-unusable`. */
export const kekOf = (key: Uint8Array): Kek => {
  if (key.length !== 32) throw new VaultError('kek-unusable', `a vault key has ${key.length} bytes, wanted 32`);
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 16), key: Uint8Array.from(key) };
};

/** A volume key as the bytes of its file. */
export const wrapKey = (key: Uint8Array, owner: Owner, kek: Kek, nonce: Uint8Array): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', kek.key, nonce).setAAD(aadOf(owner, kek.id));
  const wrapped = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()]).toString('base64');
  const { vmId, keyVersion } = owner;
  const file: KeyFile = { version: 1, vmId, keyVersion, kekId: kek.id, nonce: base64Of(nonce), wrapped };
  return Buffer.from(`${JSON.stringify(file)}\n`);
};

/** The volume key; the caller overwrites it. Refuses with `key-damaged` what is not what {@link wrapKey} made for this owner. */
export const unwrapKey = (file: KeyFile, owner: Owner, kek: Kek): Buffer => {
  const sealed = Buffer.from(file.wrapped, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', kek.key, Buffer.from(file.nonce, 'base64'), {
    authTagLength: tagBytes,
  })
    .setAAD(aadOf(owner, file.kekId))
    .setAuthTag(sealed.subarray(volumeKeyBytes));
  const key = decipher.update(sealed.subarray(0, volumeKeyBytes));
  try {
    decipher.final();
    return key;
  } catch {
    key.fill(0);
    throw damaged(owner.vmId, 'it does not open under the key it names, or belongs to another network, VM or image');
  }
};

export const parseKeyFile = (bytes: Uint8Array, vmId: string): KeyFile => parsed(keyFile, bytes, vmId);

export const parseTombstone = (bytes: Uint8Array, vmId: string): { readonly keyVersion: number } =>
  parsed(tombstone, bytes, vmId);

export const tombstoneBytes = (vmId: string, keyVersion: number): Buffer =>
  Buffer.from(`${JSON.stringify({ version: 1, vmId, keyVersion })}\n`);

/** What the vault says of itself: whose it is, and which key-encryption key new keys are wrapped under. */
export type VaultRecord = { readonly networkId: string; readonly kekId: string };

export const recordBytes = ({ networkId, kekId }: VaultRecord): Buffer =>
  Buffer.from(`${JSON.stringify({ version: 1, networkId, kekId })}\n`);

export const parseRecord = (bytes: Uint8Array): VaultRecord => {
  const read = record.safeParse(jsonOf(bytes));
  if (read.success) return read.data;
  throw new VaultError('key-damaged', "the vault's own record vault.json is not what was written; restore the vault");
};

const parsed = <File extends { readonly vmId: string }>(
  schema: z.ZodType<File>,
  bytes: Uint8Array,
  vmId: string,
): File => {
  const read = schema.safeParse(jsonOf(bytes));
  if (!read.success) throw damaged(vmId, 'it is not in the form of a key file');
  if (read.data.vmId !== vmId) throw damaged(vmId, 'it says that it is of another VM or image');
  return read.data;
};

const jsonOf = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
};

const damaged = (vmId: string, observed: string): VaultError =>
  new VaultError(
    'key-damaged',
    `the key file of ${holderText(vmId)} was changed: ${observed}; restore the file from a backup${orElse(vmId)}`,
  );

/** The one file that may be lost. Who removes it is a person and no program: somebody changed it. */
const orElse = (holder: string): string =>
  holder === sealingKeyHolder ? ', or remove it: another is made, and nothing that is kept was sealed to this one' : '';

/** JSON of a list is read back in one way only, whatever the texts in it. */
const aadOf = ({ networkId, vmId, keyVersion }: Owner, kekId: string): Uint8Array =>
  Buffer.from(JSON.stringify(['hcc-vault-key-v1', networkId, vmId, keyVersion, kekId]));

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
