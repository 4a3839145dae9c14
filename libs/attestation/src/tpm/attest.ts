import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import { hex16, requireHash } from './algorithms.ts';
import type { PcrSelection } from './claims.ts';
import { tpmLimits } from './limits.ts';

/** A TPMS_ATTEST of type quote, field by field. Nothing of it is true before its signature is. */
export interface TpmQuote {
  readonly qualifiedSigner: Uint8Array;
  readonly extraData: Uint8Array;
  /** Milliseconds, a decimal number. */
  readonly clockMs: string;
  readonly resetCount: number;
  readonly restartCount: number;
  readonly safe: boolean;
  /** Eight bytes, the first one highest. */
  readonly firmwareVersion: Uint8Array;
  /** In the order of the structure, which is the order the values are hashed in. */
  readonly selection: readonly PcrSelection[];
  readonly pcrDigest: Uint8Array;
}

/**
 * Parses a TPMS_ATTEST and takes nothing but a quote. Magic and type come before any other field: a key signs other things
 * too, and only the magic says that the TPM made this one itself. Source: TPM 2.0 Library, Part 2, 10.12.
 */
export function parseTpmQuote(bytes: Uint8Array): TpmQuote {
  if (bytes.length > tpmLimits.attestBytesMax) {
    throw new Malformed('too-large', 'TPMS_ATTEST', `${bytes.length} bytes`, `at most ${tpmLimits.attestBytesMax}`);
  }
  const reader = new ByteReader(bytes, 'TPMS_ATTEST', 'big');
  const magic = reader.u32('magic');
  if (magic !== generatedByTpm) throw wrong('magic', hex32(magic), `${hex32(generatedByTpm)} (TPM_GENERATED)`);
  const type = reader.u16('type');
  if (type !== typeQuote) throw wrong('type', `${hex16(type)} (${typeNames[type] ?? 'unknown'})`, '0x8018 (quote)');
  const qualifiedSigner = reader.sized16('qualifiedSigner');
  const extraData = reader.sized16('extraData');
  const clockMs = reader.decimal64('clockInfo.clock');
  const resetCount = reader.u32('clockInfo.resetCount');
  const restartCount = reader.u32('clockInfo.restartCount');
  const safe = reader.u8('clockInfo.safe');
  if (safe > 1) throw wrong('clockInfo.safe', String(safe), '0 or 1');
  const firmwareVersion = reader.take(8, 'firmwareVersion');
  const selection = selections(reader);
  const pcrDigest = reader.sized16('pcrDigest');
  reader.end();
  return {
    qualifiedSigner,
    extraData,
    clockMs,
    resetCount,
    restartCount,
    safe: safe === 1,
    firmwareVersion,
    selection,
    pcrDigest,
  };
}

function selections(reader: ByteReader): readonly PcrSelection[] {
  const count = reader.u32('pcrSelect.count');
  if (count > tpmLimits.banksMax) throw wrong('pcrSelect.count', String(count), `at most ${tpmLimits.banksMax}`);
  const found: PcrSelection[] = [];
  for (let n = 0; n < count; n += 1) {
    const bank = requireHash(reader.u16('pcrSelect.hash'), 'TPMS_ATTEST.pcrSelect.hash');
    if (found.some((earlier) => earlier.bank === bank))
      throw wrong('pcrSelect.hash', `${bank} twice`, 'each bank once');
    const size = reader.u8('pcrSelect.sizeofSelect');
    if (size > tpmLimits.pcrBytesMax) {
      throw wrong('pcrSelect.sizeofSelect', String(size), `at most ${tpmLimits.pcrBytesMax}`);
    }
    found.push({ bank, indices: selected(reader, size) });
  }
  return found;
}

/** The registers whose bits are set. */
function selected(reader: ByteReader, size: number): readonly number[] {
  const indices: number[] = [];
  for (let from = 0; from < 8 * size; from += 8) {
    const bits = reader.u8('pcrSelect.pcrSelect');
    for (let bit = 0; bit < 8; bit += 1) if ((bits & (1 << bit)) !== 0) indices.push(from + bit);
  }
  return indices;
}

const wrong = (field: string, observed: string, wanted: string): Malformed =>
  new Malformed('wrong-value', `TPMS_ATTEST.${field}`, observed, wanted);

const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

const generatedByTpm = 0xff544347;
const typeQuote = 0x8018;
const typeNames: Readonly<Record<number, string>> = {
  32788: 'nv',
  32790: 'session audit',
  32791: 'certify',
  32792: 'quote',
  32793: 'time',
  32794: 'creation',
  32796: 'nv digest',
};
