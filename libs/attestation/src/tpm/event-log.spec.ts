import { describe, expect, test } from 'vitest';
import {
  agileLog,
  type BootEvent,
  legacyLog,
  noAction,
  registerAfter,
} from '../../../../test/attestation/event-log.ts';
import { Malformed } from '../malformed.ts';
import { replayEventLog } from './event-log.ts';

const events: readonly BootEvent[] = [
  { pcr: 0, data: 'firmware' },
  { pcr: 7, data: 'keys' },
  { pcr: 0, data: 'more firmware' },
  { pcr: 17, data: 'a late launch' },
];
const registerOf = (log: Uint8Array, bank: string, index: number): string | undefined =>
  replayEventLog(log).pcrs.find((one) => one.bank === bank && one.index === index)?.value;

describe('a firmware’s event log', () => {
  test.each([
    ['sha1', 20],
    ['sha256', 32],
    ['sha384', 48],
  ] as const)('given digests of %s, then each register is what a TPM would hold', (bank, size) => {
    const log = agileLog(['sha1', 'sm3', 'sha256', 'sha384'], events);
    expect(registerOf(log, bank, 0)).toBe(registerAfter(bank, Buffer.alloc(size), ['firmware', 'more firmware']));
    expect(registerOf(log, bank, 7)).toBe(registerAfter(bank, Buffer.alloc(size), ['keys']));
    expect(registerOf(log, bank, 17)).toBe(registerAfter(bank, Buffer.alloc(size, 0xff), ['a late launch']));
    expect(replayEventLog(log)).toMatchObject({ entries: 5, pcrs: { length: 9 } });
  });

  test('given a start from another locality, then register 0 begins with it', () => {
    const first = Buffer.alloc(32);
    first.writeUInt8(3, 31);
    const log = agileLog(['sha256'], [{ pcr: 0, type: noAction, data: 'StartupLocality\0\u0003' }, ...events]);
    expect(registerOf(log, 'sha256', 0)).toBe(registerAfter('sha256', first, ['firmware', 'more firmware']));
  });

  test('given the older form, then it has SHA-1 alone', () => {
    const log = legacyLog(events);
    expect(registerOf(log, 'sha1', 0)).toBe(registerAfter('sha1', Buffer.alloc(20), ['firmware', 'more firmware']));
    expect(replayEventLog(log).pcrs.map(({ bank }) => bank)).toEqual(['sha1', 'sha1', 'sha1']);
  });

  test('given a bank that was not announced, or a register that is none, then it is malformed', () => {
    const log = agileLog(['sha256'], events);
    const at = log.indexOf(Buffer.from([11, 0]), 28 + 4 + 33);
    expect(() => replayEventLog(Buffer.concat([log.subarray(0, at), Buffer.from([12]), log.subarray(at + 1)]))).toThrow(
      'digests.hashAlg',
    );
    expect(() => replayEventLog(legacyLog([{ pcr: 24, data: '' }]))).toThrow(Malformed);
  });
});
