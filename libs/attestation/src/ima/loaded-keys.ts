import { Malformed } from '../malformed.ts';
import type { ImaLoadedKey } from './claims.ts';
import type { ImaEntry } from './entry.ts';
import { readImaKey } from './keys.ts';
import { limits } from './limits.ts';
import type { ImaPolicy } from './policy.ts';
import type { KeyRing } from './signature.ts';

/** Keys that a list shows to be loaded on keyrings whose keys the policy lets sign files. */
export class LoadedKeys {
  readonly #keys: KeyRing;
  readonly #policy: ImaPolicy | null;
  readonly #attested: ImaLoadedKey[] = [];
  #count = 0;

  constructor(keys: KeyRing, policy: ImaPolicy | null) {
    this.#keys = keys;
    this.#policy = policy;
  }

  /** Trusts again what an earlier round found, if the policy still does. */
  resume(loaded: readonly ImaLoadedKey[]): void {
    for (const one of loaded) {
      if (this.#trust(one.keyring, Buffer.from(one.certificate, 'base64'))) this.#attested.push(one);
    }
  }

  /**
   * Takes the key out of an ima-buf entry whose digest the policy has. A key that is none is no key: others may follow. Nor is
   * one trusted that the record could not keep, since what it signed would be unknown in the next round.
   */
  load({ path, index, tail }: ImaEntry, attested: boolean): void {
    if (tail.length > limits.loadedKeyBytesMax || path.length > limits.keyringCharsMax) return;
    const certificate = tail.toString('base64');
    if (this.#attested.some((one) => one.keyring === path && one.certificate === certificate)) return;
    if (this.#trust(path, tail) && attested) this.#attested.push({ keyring: path, index, certificate });
  }

  get attested(): readonly ImaLoadedKey[] {
    return [...this.#attested];
  }

  #trust(keyring: string, certificate: Buffer): boolean {
    const named = Object.hasOwn(this.#policy?.keyrings ?? {}, keyring) ? this.#policy?.keyrings[keyring] : undefined;
    if (named?.trust !== 'file-signatures' || this.#count >= limits.loadedKeysMax) return false;
    try {
      this.#keys.add(readImaKey(certificate));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return false;
    }
    this.#count += 1;
    return true;
  }
}
