import { digestOf, fromHex } from './banks.ts';
import type { ImaBank, ImaExtension, ImaReplay, ImaViolations } from './claims.ts';
import type { ImaEntry } from './entry.ts';
import { BankReplay } from './replay.ts';
import type { ImaReplays, ImaVerification } from './verification.ts';

/** What a quote reached: the entries before it, and the registers there. */
export type Reached = {
  readonly entries: number;
  readonly extension: ImaExtension;
  readonly violations: ImaViolations;
  readonly replay: ImaReplay;
};

/** PCR 10 of every bank that is asked for, and where a quote meets it. */
export class Replays {
  reached: Reached | null = null;
  readonly #listBank: ImaBank;
  readonly #perBank: readonly BankReplay[];
  readonly #padded: readonly BankReplay[];
  /** The padded ones with violations as kernels before 5.8 extended them: another register from the first violation on. */
  #paddedViolations: readonly BankReplay[] = [];
  readonly #quoted: readonly { readonly bank: ImaBank; readonly value: string }[];

  /** `from` is what the replay begins with where it is not the first entry of a list. */
  constructor(told: ImaVerification, from: ImaReplay | null) {
    const { quote, banks, listBank, progress } = told;
    const quotes = quote === 'unchecked' ? [] : quote;
    const extension = progress === 'first-round' ? null : progress.extension;
    const all = [...new Set([...banks, ...quotes.map(({ bank }) => bank)])].filter(
      (bank) => from === null || from[bank] !== undefined,
    );
    const begin = (bank: ImaBank): BankReplay => new BankReplay(bank, from?.[bank]);
    const mayPad = listBank === 'sha1' && told.paddedSha1 === 'accepted';
    this.#listBank = listBank;
    this.#perBank = extension === 'padded-sha1' ? [] : all.map(begin);
    this.#padded = mayPad && extension !== 'per-bank' ? all.map(begin) : [];
    this.#quoted = quotes.map(({ bank, value }) => ({ bank, value: fromHex(value) }));
  }

  /** `stored` is the entry's template hash as the list has it. */
  extend(entry: ImaEntry, stored: string, isViolation: boolean): void {
    for (const replay of this.#perBank) {
      if (isViolation) replay.extendViolation();
      // In the list's own bank the kernel extended what the list says; whether that is true is the template check's.
      else if (replay.bank === this.#listBank) replay.extend(stored);
      else replay.extend(digestOf(replay.bank, entry.hashed));
    }
    if (isViolation && this.#paddedViolations.length === 0) {
      this.#paddedViolations = this.#padded.map(({ bank, hex }) => new BankReplay(bank, hex));
    }
    for (const replay of this.#padded) {
      if (isViolation) replay.extendViolation();
      else replay.extendPadded(stored);
    }
    for (const replay of this.#paddedViolations) {
      if (isViolation) replay.extendPaddedViolation();
      else replay.extendPadded(stored);
    }
  }

  /**
   * Notes the first place where every quoted register is reached. `entries` are before it, those of earlier rounds included.
   * Before the first entry it is not looked: a register that nothing extended vouches for no list, whatever one says.
   */
  look(entries: number): void {
    if (this.reached !== null || this.#quoted.length === 0 || entries === 0) return;
    if (this.#meets(this.#perBank)) this.#reach(entries, 'per-bank', 'all-ones');
    else if (this.#meets(this.#padded)) this.#reach(entries, 'padded-sha1', 'all-ones');
    else if (this.#meets(this.#paddedViolations)) this.#reach(entries, 'padded-sha1', 'padded-sha1');
  }

  replay(extension: ImaExtension, violations: ImaViolations): ImaReplay {
    if (extension === 'per-bank') return hexOf(this.#perBank);
    return hexOf(violations === 'all-ones' ? this.#padded : this.#paddedViolations);
  }

  /** The register in every way in which one that was extended so may have been remembered. */
  ways(extension: ImaExtension): readonly ImaReplay[] {
    return extension === 'per-bank' ? [hexOf(this.#perBank)] : [this.#padded, this.#paddedViolations].map(hexOf);
  }

  #reach(entries: number, extension: ImaExtension, violations: ImaViolations): void {
    this.reached = { entries, extension, violations, replay: this.replay(extension, violations) };
  }

  /** As a list is reported, whatever a quote says: violations are all ones in each bank. */
  get both(): ImaReplays {
    return { perBank: hexOf(this.#perBank), paddedSha1: hexOf(this.#padded) };
  }

  /** Whichever way is replayed: that of the quote once one is met. */
  get current(): ImaReplay {
    const { extension, violations } = this.reached ?? { extension: null, violations: 'all-ones' };
    return this.replay(extension ?? (this.#perBank.length > 0 ? 'per-bank' : 'padded-sha1'), violations);
  }

  #meets(replays: readonly BankReplay[]): boolean {
    for (const { bank, value } of this.#quoted) {
      let met = false;
      for (const replay of replays) met ||= replay.bank === bank && replay.value === value;
      if (!met) return false;
    }
    return true;
  }
}

const hexOf = (replays: readonly BankReplay[]): ImaReplay =>
  Object.fromEntries(replays.map(({ bank, hex }) => [bank, hex]));
