import { HostError } from '../errors.ts';
import { tpmLimits } from './limits.ts';
import type { TpmCommands } from './tpm-commands.ts';
import type { KeptAk } from './tpm-keys.ts';

/** Registers of one bank, by number. */
export type HostPcrs = { readonly bank: keyof typeof digestBytes; readonly indices: readonly number[] };

export type HostTpmQuote = {
  /** TPMS_ATTEST. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
  /** Ascending; `value` is lower-case hex. */
  readonly pcrs: readonly { readonly bank: HostPcrs['bank']; readonly index: number; readonly value: string }[];
  readonly simulated: boolean;
};

/** A quote over a nonce, with the values it covers; they belong together, however often the registers are extended meanwhile. */
export async function quotePcrs(
  commands: TpmCommands,
  ak: KeptAk,
  nonce: Uint8Array,
  pcrs: HostPcrs,
  simulated: boolean,
): Promise<HostTpmQuote> {
  if (nonce.length > tpmLimits.nonceBytesMax) {
    throw refused(`a nonce of ${nonce.length} bytes, wanted at most ${tpmLimits.nonceBytesMax}`);
  }
  const wanted = checked(pcrs);
  const qualifying = nonce.length === 0 ? [] : ['-q', Buffer.from(nonce).toString('hex')];
  return commands.turn(async (turn) => {
    const outputs = ['-m', 'attest', '-s', 'signature', '-o', 'values', '-F', 'values'];
    await turn.tpm2('quote', '-c', ak.handle, '-l', selectionOf(wanted), '-g', 'sha256', ...qualifying, ...outputs);
    return {
      attest: await turn.read('attest'),
      signature: await turn.read('signature'),
      pcrs: valuesOf(wanted, await turn.read('values')),
      simulated,
    };
  });
}

export async function readPcrs(commands: TpmCommands, pcrs: HostPcrs): Promise<HostTpmQuote['pcrs']> {
  const wanted = checked(pcrs);
  return commands.turn(async (turn) => {
    await turn.tpm2('pcrread', selectionOf(wanted), '-o', 'values');
    return valuesOf(wanted, await turn.read('values'));
  });
}

export type PcrExtension = {
  readonly bank: HostPcrs['bank'];
  readonly index: number;
  readonly digests: readonly string[];
  readonly life: number;
};

/** In order, several with one call: a start of the tool costs more than the TPM's work. Never twice, and in one life of the TPM only. */
export async function extendPcr(commands: TpmCommands, { bank, index, digests, life }: PcrExtension): Promise<void> {
  checked({ bank, indices: [index] });
  for (const digest of digests) {
    if (digest.length === 2 * digestBytes[bank] && /^[\da-f]+$/.test(digest)) continue;
    throw refused(`a digest of ${digest.length} characters, wanted ${2 * digestBytes[bank]} of lower-case hex`);
  }
  for (let from = 0; from < digests.length; from += tpmLimits.extendsAtOnce) {
    const some = digests.slice(from, from + tpmLimits.extendsAtOnce).map((digest) => `${index}:${bank}=${digest}`);
    await commands.turn((turn) => turn.tpm2('pcrextend', ...some), life);
  }
}

/** Ascending and each once, which is the order of a TPM's answer. */
function checked({ bank, indices }: HostPcrs): HostPcrs {
  const sorted = [...new Set(indices)].sort((a, b) => a - b);
  const wrong = sorted.find((index) => !Number.isInteger(index) || index < 0 || index >= tpmLimits.registers);
  if (wrong !== undefined) throw refused(`register ${wrong}, wanted 0 to ${tpmLimits.registers - 1}`);
  if (sorted.length === 0) throw refused('no register, wanted at least one');
  return { bank, indices: sorted };
}

/** Values side by side; another length is a bank this TPM does not keep. */
function valuesOf({ bank, indices }: HostPcrs, joined: Uint8Array): HostTpmQuote['pcrs'] {
  const size = digestBytes[bank];
  if (joined.length !== indices.length * size) {
    throw refused(`${joined.length} bytes of values for ${indices.length} registers of ${bank}: it keeps no such bank`);
  }
  return indices.map((index, at) => ({
    bank,
    index,
    value: Buffer.from(joined.subarray(at * size, (at + 1) * size)).toString('hex'),
  }));
}

const selectionOf = ({ bank, indices }: HostPcrs): string => `${bank}:${indices.join(',')}`;
const refused = (what: string): HostError =>
  new HostError('tpm-refused', `the TPM was asked for or answered ${what}`, {});

const digestBytes = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
