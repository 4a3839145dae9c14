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
  const wanted = 'one value in hex for each quoted register, and none besides';
  if (sent.length > tpmLimits.pcrValuesMax) return { ok: false, observed: `${sent.length} values`, wanted };
  const left = new Map<string, PcrValue>();
  for (const value of sent) left.set(`${value.bank}:${value.index}`, value);
  if (left.size < sent.length) return { ok: false, observed: 'a register twice', wanted };
  const values: PcrValue[] = [];
  let text = '';
  for (const { bank, indices } of selection) {
    const digits = 2 * digestBytes(bank);
    for (const index of indices) {
      const name = `${bank}:${index}`;
      const value = left.get(name);
      if (value === undefined) return { ok: false, observed: `no value of ${name}`, wanted };
      if (value.value.length !== digits) return { ok: false, observed: `${name} of another size`, wanted };
      left.delete(name);
      values.push(value);
      text += value.value;
    }
  }
  const joined = Buffer.from(text, 'hex');
  // Decoding stops at what is no hex, and takes capitals for small letters.
  if (joined.toString('hex') !== text) return { ok: false, observed: 'a value that is no lower-case hex', wanted };
  const [extra] = left.keys();
  if (extra !== undefined) return { ok: false, observed: `${extra}, which the quote does not cover`, wanted };
  return { ok: true, values, joined };
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

/** The digest of a quote over its values. It uses the hash of the signature, whatever the banks are. */
export function pcrDigest(signatureHash: TpmHash, joined: Uint8Array): Uint8Array {
  return hash(signatureHash, joined, 'buffer');
}

/** The registers that are wanted and not quoted: `sha256:10`. */
export function notQuoted(wanted: readonly PcrSelection[], quoted: readonly PcrSelection[]): readonly string[] {
  return wanted.flatMap(({ bank, indices }) => {
    const covered = quoted.find((one) => one.bank === bank)?.indices ?? [];
    return indices.filter((index) => !covered.includes(index)).map((index) => `${bank}:${index}`);
  });
}

/** A selection as tpm2-tools write it: `sha1:0,10+sha256:0,7,10`. */
export function showSelection(selection: readonly PcrSelection[]): string {
  const shown = selection
    .filter(({ indices }) => indices.length > 0)
    .map(({ bank, indices }) => `${bank}:${indices.join(',')}`);
  return shown.length === 0 ? 'no register' : shown.join('+');
}
