import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VaultError, type VaultKey } from '#events';
import { createFile, destroyFile, readSmall, replaceFile } from './durable.ts';
import {
  type Kek,
  type KeyFile,
  parseKeyFile,
  parseTombstone,
  tombstoneBytes,
  unwrapKey,
  volumeKeyBytes,
  wrapKey,
} from './key-file.ts';
import type { Entered } from './vault-record.ts';

const VM_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const KEY = '.key';
const DESTROYED = '.destroyed';

/** The files of one vault, one VM at a time. The promises are those of the port. */
export class KeyFiles {
  /** The first one is what new keys are wrapped under. */
  keks: readonly Kek[];
  readonly #entered: Entered;
  readonly #random: (bytes: number) => Uint8Array;

  constructor(entered: Entered, random: (bytes: number) => Uint8Array, keks: readonly Kek[]) {
    this.#entered = entered;
    this.#random = random;
    this.keks = keks;
  }

  async create(vmId: string): Promise<VaultKey> {
    const path = this.#path(vmId, KEY);
    await this.#wantNotDestroyed(vmId);
    const key = Buffer.from(this.#random(volumeKeyBytes));
    try {
      const bytes = wrapKey(key, this.#owner(vmId, firstVersion), this.current(), this.#random(12));
      const isNew = await createFile(path, bytes, this.#token());
      // Destroyed meanwhile: whichever of the two was last sees the other, and the key goes.
      if (isNew && (await this.#tombstone(vmId)) !== null) await destroyFile(path, this.#token());
      await this.#wantNotDestroyed(vmId);
      return { keyVersion: (await this.#keyFile(vmId)).keyVersion };
    } finally {
      key.fill(0);
    }
  }

  async read(vmId: string): Promise<VaultKey & { readonly key: Buffer }> {
    await this.#wantNotDestroyed(vmId);
    const file = await this.#keyFile(vmId);
    return { key: this.#unwrap(file, vmId), keyVersion: file.keyVersion };
  }

  async destroy(vmId: string): Promise<VaultKey | null> {
    const path = this.#path(vmId, KEY);
    let stone = await this.#tombstone(vmId);
    if (stone === null) {
      const bytes = await readSmall(path);
      // The version is only told. A file nobody can read is destroyed like any other.
      stone = { keyVersion: bytes === null ? 0 : versionIn(bytes, vmId) };
      await createFile(this.#path(vmId, DESTROYED), tombstoneBytes(vmId, stone.keyVersion), this.#token());
    }
    await destroyFile(path, this.#token());
    return stone.keyVersion === 0 ? null : stone;
  }

  /** Wraps a VM's key anew under the current key-encryption key, unless it is or was destroyed. */
  async rewrap(vmId: string): Promise<void> {
    const to = this.current();
    const path = this.#path(vmId, KEY);
    const bytes = await readSmall(path);
    if (bytes === null || (await this.#tombstone(vmId)) !== null) return;
    const file = parseKeyFile(bytes, vmId);
    if (file.kekId === to.id) return;
    const key = this.#unwrap(file, vmId);
    try {
      const wrapped = wrapKey(key, this.#owner(vmId, file.keyVersion), to, this.#random(12));
      await replaceFile(path, wrapped, this.#token());
    } finally {
      key.fill(0);
    }
    // Destroyed meanwhile: what was put back goes again.
    if ((await this.#tombstone(vmId)) !== null) await destroyFile(path, this.#token());
  }

  #unwrap(file: KeyFile, vmId: string): Buffer {
    const kek = this.keks.find(({ id }) => id === file.kekId);
    if (kek !== undefined) return unwrapKey(file, this.#owner(vmId, file.keyVersion), kek);
    const given = this.keks.map(({ id }) => id).join(', ');
    throw new VaultError(
      'kek-missing',
      `the key of VM ${vmId} is under the vault key ${file.kekId}, given ${given}; give that one too (HCC_VAULT_OLD_KEY_FILE)`,
    );
  }

  /** VMs that have a key, and how many keys were destroyed. */
  async list(): Promise<{ readonly vmIds: readonly string[]; readonly destroyed: number }> {
    const names = await readdir(this.#entered.dir);
    return { vmIds: vmIdsOf(names, KEY), destroyed: vmIdsOf(names, DESTROYED).length };
  }

  /** Which key-encryption key a VM's key is under; `null` when it has none any more. */
  async kekIdOf(vmId: string): Promise<string | null> {
    const bytes = await readSmall(this.#path(vmId, KEY));
    return bytes === null ? null : parseKeyFile(bytes, vmId).kekId;
  }

  async #keyFile(vmId: string): Promise<KeyFile> {
    const bytes = await readSmall(this.#path(vmId, KEY));
    if (bytes !== null) return parseKeyFile(bytes, vmId);
    await this.#wantNotDestroyed(vmId);
    throw new VaultError('key-absent', `VM ${vmId} has no key in this vault; restore the vault from a backup`);
  }

  async #wantNotDestroyed(vmId: string): Promise<void> {
    if ((await this.#tombstone(vmId)) === null) return;
    throw new VaultError(
      'key-destroyed',
      `the key of VM ${vmId} was destroyed, and its disk cannot be opened any more`,
    );
  }

  async #tombstone(vmId: string): Promise<VaultKey | null> {
    const bytes = await readSmall(this.#path(vmId, DESTROYED));
    return bytes === null ? null : { keyVersion: parseTombstone(bytes, vmId).keyVersion };
  }

  current(): Kek {
    const [kek] = this.keks;
    if (kek === undefined) throw new VaultError('kek-unusable', 'no vault key was given');
    return kek;
  }

  #owner(vmId: string, keyVersion: number) {
    return { networkId: this.#entered.networkId, vmId, keyVersion };
  }

  #path(vmId: string, suffix: string): string {
    if (VM_ID.test(vmId)) return join(this.#entered.dir, `${vmId}${suffix}`);
    throw new VaultError(
      'vm-id-malformed',
      `${vmId.slice(0, 80)} is no VM id, wanted lower-case letters, digits and -`,
    );
  }

  #token(): string {
    return Buffer.from(this.#random(8)).toString('hex');
  }
}

/** There is one key in a VM's life; the number is there for the day when there are two. */
const firstVersion = 1;

const vmIdsOf = (names: readonly string[], suffix: string): readonly string[] =>
  names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));

const versionIn = (bytes: Uint8Array, vmId: string): number => {
  try {
    return parseKeyFile(bytes, vmId).keyVersion;
  } catch {
    return firstVersion;
  }
};
