import { timingSafeEqual } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { holderText, isKeyHolder, VaultError, type VaultKey } from '#events';
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

const KEY = '.key';
const DESTROYED = '.destroyed';

/** The files of one vault, one holder of a key at a time: a VM, or an image of an account. The promises are those of the port. */
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

  async create(holder: string): Promise<VaultKey> {
    const key = Buffer.from(this.#random(volumeKeyBytes));
    try {
      return await this.#put(holder, key);
    } finally {
      key.fill(0);
    }
  }

  async keep(holder: string, given: Uint8Array): Promise<VaultKey> {
    if (given.length !== volumeKeyBytes) {
      throw new VaultError('key-length', `a key has ${given.length} bytes, wanted ${volumeKeyBytes}`);
    }
    const { keyVersion } = await this.#put(holder, given);
    const { key } = await this.read(holder);
    try {
      if (timingSafeEqual(key, given)) return { keyVersion };
    } finally {
      key.fill(0);
    }
    throw new VaultError(
      'key-other',
      `${holderText(holder)} has another key in this vault than the one that was given`,
    );
  }

  /** Writes a key for whoever has none. */
  async #put(holder: string, key: Uint8Array): Promise<VaultKey> {
    const path = this.#path(holder, KEY);
    await this.#wantNotDestroyed(holder);
    const bytes = wrapKey(key, this.#owner(holder, firstVersion), this.current(), this.#random(12));
    const isNew = await createFile(path, bytes, this.#token());
    // Destroyed meanwhile: whichever of the two was last sees the other, and the key goes.
    if (isNew && (await this.#tombstone(holder)) !== null) await destroyFile(path, this.#token());
    await this.#wantNotDestroyed(holder);
    return { keyVersion: (await this.#keyFile(holder)).keyVersion };
  }

  async read(holder: string): Promise<VaultKey & { readonly key: Buffer }> {
    await this.#wantNotDestroyed(holder);
    const file = await this.#keyFile(holder);
    return { key: this.#unwrap(file, holder), keyVersion: file.keyVersion };
  }

  async destroy(holder: string): Promise<VaultKey | null> {
    const path = this.#path(holder, KEY);
    let stone = await this.#tombstone(holder);
    if (stone === null) {
      const bytes = await readSmall(path);
      // The version is only told. A file nobody can read is destroyed like any other.
      stone = { keyVersion: bytes === null ? 0 : versionIn(bytes, holder) };
      await createFile(this.#path(holder, DESTROYED), tombstoneBytes(holder, stone.keyVersion), this.#token());
    }
    await destroyFile(path, this.#token());
    return stone.keyVersion === 0 ? null : stone;
  }

  /** Wraps a key anew under the current key-encryption key, unless it is or was destroyed. */
  async rewrap(holder: string): Promise<void> {
    const to = this.current();
    const path = this.#path(holder, KEY);
    const bytes = await readSmall(path);
    if (bytes === null || (await this.#tombstone(holder)) !== null) return;
    const file = parseKeyFile(bytes, holder);
    if (file.kekId === to.id) return;
    const key = this.#unwrap(file, holder);
    try {
      const wrapped = wrapKey(key, this.#owner(holder, file.keyVersion), to, this.#random(12));
      await replaceFile(path, wrapped, this.#token());
    } finally {
      key.fill(0);
    }
    // Destroyed meanwhile: what was put back goes again.
    if ((await this.#tombstone(holder)) !== null) await destroyFile(path, this.#token());
  }

  #unwrap(file: KeyFile, holder: string): Buffer {
    const kek = this.keks.find(({ id }) => id === file.kekId);
    if (kek !== undefined) return unwrapKey(file, this.#owner(holder, file.keyVersion), kek);
    const given = this.keks.map(({ id }) => id).join(', ');
    throw new VaultError(
      'kek-missing',
      `the key of ${holderText(holder)} is under the vault key ${file.kekId}, given ${given}; give that one too (HCC_VAULT_OLD_KEY_FILE)`,
    );
  }

  /** Who has a key, and how many keys were destroyed. */
  async list(): Promise<{ readonly holders: readonly string[]; readonly destroyed: number }> {
    const names = await readdir(this.#entered.dir);
    return { holders: holdersOf(names, KEY), destroyed: holdersOf(names, DESTROYED).length };
  }

  /** Which key-encryption key a key is under; `null` when there is none any more. */
  async kekIdOf(holder: string): Promise<string | null> {
    const bytes = await readSmall(this.#path(holder, KEY));
    return bytes === null ? null : parseKeyFile(bytes, holder).kekId;
  }

  async #keyFile(holder: string): Promise<KeyFile> {
    const bytes = await readSmall(this.#path(holder, KEY));
    if (bytes !== null) return parseKeyFile(bytes, holder);
    await this.#wantNotDestroyed(holder);
    throw new VaultError(
      'key-absent',
      `${holderText(holder)} has no key in this vault; restore the vault from a backup`,
    );
  }

  async #wantNotDestroyed(holder: string): Promise<void> {
    if ((await this.#tombstone(holder)) === null) return;
    throw new VaultError(
      'key-destroyed',
      `the key of ${holderText(holder)} was destroyed, and what it opened cannot be opened any more`,
    );
  }

  async #tombstone(holder: string): Promise<VaultKey | null> {
    const bytes = await readSmall(this.#path(holder, DESTROYED));
    return bytes === null ? null : { keyVersion: parseTombstone(bytes, holder).keyVersion };
  }

  current(): Kek {
    const [kek] = this.keks;
    if (kek === undefined) throw new VaultError('kek-unusable', 'no vault key was given');
    return kek;
  }

  #owner(holder: string, keyVersion: number) {
    return { networkId: this.#entered.networkId, vmId: holder, keyVersion };
  }

  #path(holder: string, suffix: string): string {
    if (isKeyHolder(holder)) return join(this.#entered.dir, `${holder}${suffix}`);
    throw new VaultError(
      'vm-id-malformed',
      `${holder.slice(0, 80)} is no VM id and no image of an account, wanted lower-case letters, digits and -`,
    );
  }

  #token(): string {
    return Buffer.from(this.#random(8)).toString('hex');
  }
}

/** There is one key in the life of a VM or an image; the number is there for the day when there are two. */
const firstVersion = 1;

const holdersOf = (names: readonly string[], suffix: string): readonly string[] =>
  names
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter(isKeyHolder);

const versionIn = (bytes: Uint8Array, holder: string): number => {
  try {
    return parseKeyFile(bytes, holder).keyVersion;
  } catch {
    return firstVersion;
  }
};
