import { bankBytes, digestOf, fromHex, toHex } from './banks.ts';
import type { ImaBank } from './claims.ts';

/** PCR 10 of one bank as a list extends it: P = H(P | D). */
export class BankReplay {
  /** The register and what extends it, so that one hash needs no copy. */
  readonly #both: Buffer;
  readonly #size: number;
  readonly #violation: string;
  /** The register now, one character a byte. */
  value: string;

  readonly bank: ImaBank;

  /** `from` is the register (lower-case hex) as of an earlier round; zeros at the start of a list. */
  constructor(bank: ImaBank, from?: string) {
    this.bank = bank;
    this.#size = bankBytes[bank];
    this.#both = Buffer.alloc(2 * this.#size);
    this.#violation = '\xff'.repeat(this.#size);
    this.value = from === undefined ? '\0'.repeat(this.#size) : fromHex(from);
    this.#both.write(this.value, 0, 'latin1');
  }

  extend(digest: string): void {
    if (digest.length === this.#size) {
      this.#both.write(digest, this.#size, 'latin1');
      this.value = digestOf(this.bank, this.#both);
    } else {
      // No TPM takes a digest of another length. The sum goes on, so that whoever compares it finds it different.
      this.value = digestOf(this.bank, Buffer.from(this.value + digest, 'latin1'));
    }
    this.#both.write(this.value, 0, 'latin1');
  }

  /** A violation shows zeros in the list; what extends the register is all ones, so that it can match no file. */
  extendViolation(): void {
    this.extend(this.#violation);
  }

  /** A SHA-1 padded with zeros, as kernels before 5.8 extended their other banks. */
  extendPadded(digest: string): void {
    this.extend(digest.padEnd(this.#size, '\0'));
  }

  /** What {@link BankReplay.extendViolation} does to a SHA-1, padded as kernels before 5.8 had it in their other banks. */
  extendPaddedViolation(): void {
    this.extendPadded(sha1Ones);
  }

  get hex(): string {
    return toHex(this.value);
  }
}

const sha1Ones = '\xff'.repeat(bankBytes.sha1);
