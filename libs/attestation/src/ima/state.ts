import type { Malformed } from '../malformed.ts';
import { bankBytes, digestOf } from './banks.ts';
import { type BootAggregateFound, checkBootAggregate } from './boot-aggregate.ts';
import type { ImaBank, ImaEntryVerdict, ImaReason, ImaSignature, ImaTemplate } from './claims.ts';
import { violationVerdict } from './compiled-policy.ts';
import type { ImaEntry } from './entry.ts';
import { Findings } from './findings.ts';
import { LoadedKeys } from './loaded-keys.ts';
import { sameReplay } from './progress.ts';
import { Replays } from './replays.ts';
import { KeyRing, type SignatureFound } from './signature.ts';
import type { ImaVerification } from './verification.ts';

/** What is known of a list while it is read. Nothing in it grows with the list. */
export class ImaState {
  malformed: Malformed | null = null;
  /** A list that begins neither at 0 nor where the last round ended cannot be replayed. */
  readonly startsWrong: boolean;
  readonly replays: Replays;
  readonly loadedKeys: LoadedKeys;
  readonly templates: Partial<Record<ImaTemplate, number>> = {};
  readonly signatures: Record<ImaSignature, number> = { none: 0, good: 0, bad: 0, malformed: 0, 'unknown-key': 0 };
  readonly violations = new Findings();
  readonly badHashes = new Findings();
  readonly warned = new Findings();
  readonly refused = new Findings();
  readonly byReason: Partial<Record<ImaReason, number>> = {};
  accepted = 0;
  entries: number;
  bootAggregate: BootAggregateFound | null = null;
  /** Whether what was remembered is what is there, for each place that was passed. */
  readonly passed: { readonly entries: number; readonly same: boolean }[] = [];
  readonly #told: ImaVerification;
  readonly #keys = new KeyRing();

  constructor(told: ImaVerification) {
    const { progress, firstEntry, policy } = told;
    const resumed = progress !== 'first-round' && firstEntry > 0 ? progress : null;
    this.startsWrong = firstEntry !== (resumed?.attested.entries ?? 0);
    this.#told = told;
    this.entries = firstEntry;
    this.replays = new Replays(told, resumed?.attested.replay ?? null);
    this.loadedKeys = new LoadedKeys(this.#keys, policy === 'unchecked' ? null : policy.policy);
    if (policy !== 'unchecked') for (const key of policy.keys) this.#keys.add(key);
    if (resumed !== null) this.loadedKeys.resume(resumed.loadedKeys);
    this.#pass();
  }

  take(entry: ImaEntry): void {
    const isViolation = entry.hasHash(zeros[this.#told.listBank]);
    const own = isViolation ? '' : digestOf(this.#told.listBank, entry.hashed);
    const isBad = !isViolation && !entry.hasHash(own);
    this.templates[entry.template] = (this.templates[entry.template] ?? 0) + 1;
    if (isViolation) this.violations.add(entry, 'violation', this.#attested);
    if (isBad) this.badHashes.add(entry, 'unknown-file', this.#attested);
    if (entry.index === 0 && this.#told.bootPcrs !== 'unchecked') {
      this.bootAggregate = checkBootAggregate(entry, this.#told.bootPcrs);
    }
    const found = this.#told.policy === 'unchecked' ? unverified(entry) : this.#keys.verify(entry);
    this.signatures[found.signature] += 1;
    const verdict = this.#judge(entry, found.signature, isViolation);
    this.#told.onEntry?.({
      ...{ index: entry.index, template: entry.template, path: entry.path, digest: entry.digestText },
      templateHash: isViolation ? 'violation' : isBad ? 'bad' : 'good',
      attested: this.#attested,
      ...{ signature: found.signature, keyId: found.keyId, verdict },
    });
    this.replays.extend(entry, isBad ? entry.templateHash : own, isViolation);
    this.entries = entry.index + 1;
    this.#pass();
  }

  get #attested(): boolean {
    return this.#told.quote !== 'unchecked' && this.replays.reached === null;
  }

  #judge(entry: ImaEntry, signature: ImaSignature, isViolation: boolean): ImaEntryVerdict | 'unchecked' {
    const { policy } = this.#told;
    if (policy === 'unchecked') return 'unchecked';
    const holds = entry.index === 0 && this.bootAggregate?.holds === true;
    const verdict = isViolation ? violationVerdict(policy.policy) : policy.judge(entry, signature, holds);
    this.byReason[verdict.reason] = (this.byReason[verdict.reason] ?? 0) + 1;
    if (verdict.outcome === 'accepted') this.accepted += 1;
    // Violations are findings of their own kind already.
    else if (!isViolation) this[verdict.outcome].add(entry, verdict.reason, this.#attested);
    if (verdict.reason === 'keyring') this.loadedKeys.load(entry, this.#attested);
    return verdict;
  }

  /** Looks at the registers between two entries: does the quote meet them, and are they what was remembered? */
  #pass(): void {
    this.replays.look(this.entries);
    const { progress } = this.#told;
    if (progress === 'first-round') return;
    for (const point of [progress.attested, progress.seen]) {
      if (point.entries !== this.entries) continue;
      const same = this.replays.ways(progress.extension).some((now) => sameReplay(point.replay, now));
      this.passed.push({ entries: point.entries, same });
    }
  }
}

const unverified = ({ template, parts }: ImaEntry): SignatureFound =>
  template === 'ima-sig' && parts.tailAt < parts.tailEnd ? notLookedAt : unsigned;

const notLookedAt: SignatureFound = { signature: 'unknown-key', keyId: null };
const unsigned: SignatureFound = { signature: 'none', keyId: null };

/** What the list shows of a violation. */
const zeros: Readonly<Record<ImaBank, string>> = {
  sha1: '\0'.repeat(bankBytes.sha1),
  sha256: '\0'.repeat(bankBytes.sha256),
  sha384: '\0'.repeat(bankBytes.sha384),
  sha512: '\0'.repeat(bankBytes.sha512),
};
