import { createHash } from 'node:crypto';
import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import { digestBytes, hashOfId, hex16 } from './algorithms.ts';
import type { PcrValue, TpmHash } from './claims.ts';
import { tpmLimits } from './limits.ts';

export interface ReplayedLog {
  readonly entries: number;
  /** The registers the log extends, in each bank it has digests of, by bank and number. */
  readonly pcrs: readonly PcrValue[];
}

/**
 * Replays a firmware event log to the registers it leads to. It proves nothing by itself: the digests are held against a quote,
 * and what an entry says of itself is not hashed again here. Throws Malformed. Banks of hashes we do not compute are passed over.
 * Source: TCG PC Client Platform Firmware Profile, 10.2 and 10.4.5.
 */
export function replayEventLog(bytes: Uint8Array): ReplayedLog {
  if (bytes.length > tpmLimits.eventLogBytesMax) {
    throw new Malformed('too-large', 'event log', `${bytes.length} bytes`, `at most ${tpmLimits.eventLogBytesMax}`);
  }
  const reader = new ByteReader(bytes, 'event log', 'little');
  const first = readLegacyEvent(reader);
  const registers = new Registers();
  const isAgile = first.type === noAction && text(first.event.subarray(0, 16)) === 'Spec ID Event03';
  const sizes = isAgile ? algorithmSizes(first.event) : undefined;
  if (!isAgile) registers.take(first);
  let entries = 1;
  for (; reader.left > 0; entries += 1) {
    if (entries >= tpmLimits.eventLogEntriesMax) {
      throw new Malformed('too-large', 'event log', 'more entries', `at most ${tpmLimits.eventLogEntriesMax}`);
    }
    registers.take(sizes === undefined ? readLegacyEvent(reader) : readEvent(reader, sizes));
  }
  return { entries, pcrs: registers.values() };
}

interface LogEvent {
  readonly pcr: number;
  readonly type: number;
  readonly digests: readonly { readonly bank: TpmHash; readonly digest: Uint8Array }[];
  readonly event: Uint8Array;
}

/** TCG_PCR_EVENT: one SHA-1. */
function readLegacyEvent(reader: ByteReader): LogEvent {
  const { pcr, type } = head(reader);
  const digest = reader.take(20, 'digest');
  return { pcr, type, digests: [{ bank: 'sha1', digest }], event: reader.take(reader.u32('eventSize'), 'event') };
}

/** TCG_PCR_EVENT2: a digest for each algorithm that the first entry announced. */
function readEvent(reader: ByteReader, sizes: ReadonlyMap<number, number>): LogEvent {
  const { pcr, type } = head(reader);
  const count = reader.u32('digests.count');
  if (count > sizes.size) {
    throw new Malformed(
      'wrong-value',
      'event log.digests.count',
      String(count),
      `at most ${sizes.size}`,
      reader.offset,
    );
  }
  const digests: LogEvent['digests'][number][] = [];
  for (let n = 0; n < count; n += 1) {
    const id = reader.u16('digests.hashAlg');
    const size = sizes.get(id);
    if (size === undefined) {
      const wanted = 'one the first entry announced';
      throw new Malformed('wrong-value', 'event log.digests.hashAlg', hex16(id), wanted, reader.offset);
    }
    const digest = reader.take(size, 'digests.digest');
    const bank = hashOfId(id);
    if (bank !== undefined) digests.push({ bank, digest });
  }
  return { pcr, type, digests, event: reader.take(reader.u32('eventSize'), 'event') };
}

function head(reader: ByteReader): { readonly pcr: number; readonly type: number } {
  const pcr = reader.u32('pcrIndex');
  const type = reader.u32('eventType');
  if (pcr >= registersMax && type !== noAction) {
    throw new Malformed('wrong-value', 'event log.pcrIndex', String(pcr), `below ${registersMax}`, reader.offset);
  }
  return { pcr, type };
}

/** TCG_EfiSpecIDEvent: the algorithms of the log and the sizes of their digests. */
function algorithmSizes(event: Uint8Array): ReadonlyMap<number, number> {
  const reader = new ByteReader(event, 'TCG_EfiSpecIDEvent', 'little');
  reader.take(24, 'signature to uintnSize');
  const count = reader.u32('numberOfAlgorithms');
  if (count === 0 || count > tpmLimits.banksMax) {
    const wanted = `1 to ${tpmLimits.banksMax}`;
    throw new Malformed('wrong-value', 'TCG_EfiSpecIDEvent.numberOfAlgorithms', String(count), wanted);
  }
  const sizes = new Map<number, number>();
  for (let n = 0; n < count; n += 1) {
    const id = reader.u16('algorithmId');
    const size = reader.u16('digestSize');
    const known = hashOfId(id);
    if (known !== undefined && digestBytes(known) !== size) {
      throw new Malformed(
        'wrong-value',
        'TCG_EfiSpecIDEvent.digestSize',
        String(size),
        `${digestBytes(known)} of ${known}`,
      );
    }
    sizes.set(id, size);
  }
  return sizes;
}

class Registers {
  readonly #values = new Map<string, { readonly bank: TpmHash; readonly index: number; value: Uint8Array }>();
  /** The locality the TPM was started from is the first value of PCR 0 (TPM2_Startup at locality 3, H-CRTM 4). */
  #startupLocality = 0;

  take({ pcr, type, digests, event }: LogEvent): void {
    if (type === noAction) {
      if (text(event.subarray(0, 16)) === 'StartupLocality') this.#startupLocality = event[16] ?? 0;
      return;
    }
    for (const { bank, digest } of digests) {
      const key = `${bank}:${pcr}`;
      const register = this.#values.get(key) ?? { bank, index: pcr, value: this.#start(bank, pcr) };
      register.value = createHash(bank).update(register.value).update(digest).digest();
      this.#values.set(key, register);
    }
  }

  values(): readonly PcrValue[] {
    return [...this.#values.values()]
      .map(({ bank, index, value }) => ({ bank, index, value: Buffer.from(value).toString('hex') }))
      .sort((a, b) => a.bank.localeCompare(b.bank) || a.index - b.index);
  }

  #start(bank: TpmHash, pcr: number): Uint8Array {
    const value = Buffer.alloc(digestBytes(bank), pcr >= 17 && pcr <= 22 ? 0xff : 0);
    if (pcr === 0) value[value.length - 1] = this.#startupLocality;
    return value;
  }
}

/** The text of a field that a NUL ends. */
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1').split('\0')[0] ?? '';

const noAction = 3;
const registersMax = 24;
