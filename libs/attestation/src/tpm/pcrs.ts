import { hash } from 'node:crypto';
import { digestBytes } from './algorithms.ts';
import type { PcrSelection, PcrValue, TpmHash } from './claims.ts';
import { tpmLimits } from './limits.ts';

/** The values that were sent, in the order of the quote, and their digest in hex; or what is wrong with them. */
export type QuotedValues =
  | { readonly ok: true; readonly values: readonly PcrValue[]; readonly digest: string }
  | { readonly ok: false; readonly observed: string; readonly wanted: string };

/**
 * Matches the values that came with a quote to what it covers: each register once, in lower-case hex of its bank's size, and none
 * that the quote does not cover, because such a value is signed by nobody. The digest over them is made with the hash of the
 * signature, whatever the banks are.
 */
export function quotedValues(
  selection: readonly PcrSelection[],
  sent: readonly PcrValue[],
  signatureHash: TpmHash,
): QuotedValues {
  if (sent.length > tpmLimits.pcrValuesMax) return refused(`${sent.length} values`);
  const values: PcrValue[] = [];
  let digits = '';
  for (const { bank, indices } of selection) {
    const wanted = 2 * digestBytes(bank);
    for (const index of indices) {
      const value = sentValue(sent, values.length, bank, index);
      if (value === undefined) return refused(`no value of ${bank}:${index}`);
      if (value.value.length !== wanted) return refused(`${bank}:${index} of another size`);
      values.push(value);
      digits += value.value;
    }
  }
  const joined = scratch.subarray(0, scratch.write(digits, 'hex'));
  // Buffer takes capital letters too, and what only looks like a digit in its last eight bits: what it read must read back.
  if (joined.toString('hex') !== digits) return refused(`${firstWithoutHex(values)} that is no lower-case hex`);
  if (sent.length > values.length) return refused(superfluous(sent, values));
  return { ok: true, values, digest: hash(signatureHash, joined, 'hex') };
}

/** Where values are joined before they are hashed: a buffer for each quote would be the collector's most work. */
const scratch = Buffer.alloc(tpmLimits.pcrValuesMax * digestBytes('sha512'));

function firstWithoutHex(values: readonly PcrValue[]): string {
  const first = values.find(({ value }) => !/^[0-9a-f]*$/.test(value));
  return first === undefined ? 'a value' : `${first.bank}:${first.index}`;
}

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

/** The registers that are wanted and not quoted: `sha256:10`. */
export function notQuoted(wanted: readonly PcrSelection[], quoted: readonly PcrSelection[]): readonly string[] {
  const missing: string[] = [];
  for (const { bank, indices } of wanted) {
    const covered = quoted.find((one) => one.bank === bank)?.indices ?? [];
    // Both mostly begin with the same registers, so the place where one should be is looked at first.
    for (let at = 0; at < indices.length; at += 1) {
      const index = indices[at] ?? 0;
      if (covered[at] !== index && !covered.includes(index)) missing.push(`${bank}:${index}`);
    }
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
