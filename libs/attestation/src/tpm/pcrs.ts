import { hash } from 'node:crypto';
import { digestBytes } from './algorithms.ts';
import type { PcrSelection, PcrValue, TpmHash } from './claims.ts';
import { tpmLimits } from './limits.ts';

/** The values that were sent, put in the order they are hashed in; or what is wrong with them. */
export type QuotedValues =
  | { readonly ok: true; readonly values: readonly PcrValue[]; readonly joined: Uint8Array }
  | { readonly ok: false; readonly observed: string; readonly wanted: string };

/** Matches the values that came with a quote to what it covers: each register once, in hex of its bank's size, and none that the
 *  quote does not cover, because such a value is signed by nobody. */
export function quotedValues(selection: readonly PcrSelection[], sent: readonly PcrValue[]): QuotedValues {
  if (sent.length > tpmLimits.pcrValuesMax) return refused(`${sent.length} values`);
  let size = 0;
  for (const { bank, indices } of selection) size += indices.length * digestBytes(bank);
  // Out of Node's pool, and every byte of it is written below.
  const joined = Buffer.allocUnsafe(size);
  const values: PcrValue[] = [];
  let at = 0;
  for (const { bank, indices } of selection) {
    const bytes = digestBytes(bank);
    for (const index of indices) {
      const value = sentValue(sent, values.length, bank, index);
      if (value === undefined) return refused(`no value of ${bank}:${index}`);
      if (value.value.length !== 2 * bytes) return refused(`${bank}:${index} of another size`);
      if (!decodeHex(value.value, joined, at)) return refused(`${bank}:${index} that is no lower-case hex`);
      values.push(value);
      at += bytes;
    }
  }
  if (sent.length > values.length) return refused(superfluous(sent, values));
  return { ok: true, values, joined };
}

/** Strict, and for many short texts several times as fast as joining them for Buffer. */
function decodeHex(text: string, into: Uint8Array, from: number): boolean {
  let seen = 0;
  for (let digit = 0, at = from; digit < text.length; digit += 2, at += 1) {
    const high = digits[text.charCodeAt(digit)] ?? notDigit;
    const low = digits[text.charCodeAt(digit + 1)] ?? notDigit;
    const byte = (high << 4) | low;
    seen |= byte;
    into[at] = byte;
  }
  return seen >= 0;
}

const notDigit = -1;
/** By character code: what a digit of lower-case hex stands for, and below zero for all else. */
const digits = Int8Array.from({ length: 256 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/** Senders mostly keep the order of the quote, so the place where a value should be is looked at first. */
function sentValue(sent: readonly PcrValue[], place: number, bank: TpmHash, index: number): PcrValue | undefined {
  const there = sent[place];
  if (there !== undefined && there.index === index && there.bank === bank) return there;
  return sent.find((one) => one.index === index && one.bank === bank);
}

function superfluous(sent: readonly PcrValue[], values: readonly PcrValue[]): string {
  const taken = new Set(values);
  const extra = sent.find((one) => !taken.has(one));
  if (extra === undefined) return 'a register twice';
  const isTwice = values.some(({ bank, index }) => bank === extra.bank && index === extra.index);
  return `${extra.bank}:${extra.index}${isTwice ? ' twice' : ', which the quote does not cover'}`;
}

function refused(observed: string): QuotedValues {
  return { ok: false, observed, wanted: 'one value in hex for each quoted register, and none besides' };
}

/** Splits values that were sent as bytes, joined in the order of the selection. Undefined when their length is another. */
export function splitPcrValues(
  selection: readonly PcrSelection[],
  joined: Uint8Array,
): readonly PcrValue[] | undefined {
  const values: PcrValue[] = [];
  let at = 0;
  for (const { bank, indices } of selection) {
    const size = digestBytes(bank);
    for (const index of indices) {
      if (at + size > joined.length) return undefined;
      values.push({ bank, index, value: Buffer.from(joined.subarray(at, at + size)).toString('hex') });
      at += size;
    }
  }
  return at === joined.length ? values : undefined;
}

/** The digest of a quote over its values, in hex. It uses the hash of the signature, whatever the banks are. */
export function pcrDigest(signatureHash: TpmHash, joined: Uint8Array): string {
  return hash(signatureHash, joined, 'hex');
}

/** The registers that are wanted and not quoted: `sha256:10`. */
export function notQuoted(wanted: readonly PcrSelection[], quoted: readonly PcrSelection[]): readonly string[] {
  const missing: string[] = [];
  for (const { bank, indices } of wanted) {
    const covered = quoted.find((one) => one.bank === bank)?.indices ?? [];
    for (const index of indices) if (!covered.includes(index)) missing.push(`${bank}:${index}`);
  }
  return missing;
}

/** A selection as tpm2-tools write it: `sha1:0,10+sha256:0,7,10`. */
export function showSelection(selection: readonly PcrSelection[]): string {
  let shown = '';
  for (const { bank, indices } of selection) {
    if (indices.length > 0) shown += `${shown === '' ? '' : '+'}${bank}:${indices.join(',')}`;
  }
  return shown || 'no register';
}
