import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HostBootSpec,
  hostBootSpecText,
  hostDataOf,
  hostEvidenceBinding,
  lengthPrefixed,
  reportDataOf,
  tpmQualifyingData,
} from './transcript.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const field = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }));
const bytesOf = (one: Uint8Array | string): string => hex(Buffer.from(one));

describe('length-prefixed fields', () => {
  test('two different lists of fields never give the same bytes', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.array(field, { maxLength: 6 }), (one, other) => {
        const same = JSON.stringify(one.map(bytesOf)) === JSON.stringify(other.map(bytesOf));
        expect(hex(lengthPrefixed(...one)) === hex(lengthPrefixed(...other))).toBe(same);
      }),
    );
  });

  test('what was written can be read back field by field', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        expect(readBack(lengthPrefixed(...fields))).toEqual(fields.map(bytesOf));
      }),
    );
  });

  test('moving a byte from one field to the next, adding an empty field and changing the order all show', () => {
    const all = [['ab', 'c'], ['a', 'bc'], ['ab', 'c', ''], ['', 'ab', 'c'], ['c', 'ab'], ['abc'], []];
    expect(new Set(all.map((fields) => hex(lengthPrefixed(...fields)))).size).toBe(all.length);
  });

  test('given half a surrogate pair, then it is refused and not replaced', () => {
    expect(() => lengthPrefixed('\ud800')).toThrow(TypeError);
    expect(() => hostDataOf('\udc00')).toThrow(TypeError);
  });
});

describe('the bindings', () => {
  const report = {
    networkId: 'net',
    purpose: 'host-evidence',
    nonce: Buffer.alloc(32, 1),
    attesterId: 'miner',
    generation: 0,
    bootId: 'boot',
    binding: Buffer.alloc(32, 2),
  } as const;

  test('REPORT_DATA follows every one of its fields', () => {
    const changed = [
      report,
      { ...report, networkId: 'other' },
      { ...report, purpose: 'vm-key' as const },
      { ...report, nonce: Buffer.alloc(32, 9) },
      { ...report, attesterId: 'another' },
      { ...report, generation: 1 },
      { ...report, bootId: 'later' },
      { ...report, binding: Buffer.alloc(32, 9) },
      { ...report, suite: 'x-wing' },
    ].map((of) => hex(reportDataOf(of)));
    expect(new Set(changed).size).toBe(changed.length);
    expect(changed[0]).toHaveLength(128);
  });

  test('REPORT_DATA is the stated transcript, byte for byte', () => {
    const stated = [
      'hcc-report-data',
      '1',
      '',
      'net',
      'host-evidence',
      report.nonce,
      'miner',
      '0',
      'boot',
      report.binding,
    ];
    const bytes = Buffer.concat(
      stated.flatMap((one) => {
        const body = Buffer.from(one);
        return [Buffer.from([0, 0, 0, body.length]), body];
      }),
    );
    expect(hex(reportDataOf(report))).toBe(createHash('sha512').update(bytes).digest('hex'));
  });

  test('a TPM nonce is of one network and one attester', () => {
    const of = { networkId: 'net', attesterId: 'miner', nonce: Buffer.alloc(32, 1) };
    const made = [
      of,
      { ...of, networkId: 'other' },
      { ...of, attesterId: 'another' },
      { ...of, nonce: Buffer.alloc(32, 3) },
      { ...of, networkId: 'netm', attesterId: 'iner' },
    ].map((one) => hex(tpmQualifyingData(one)));
    expect(new Set(made).size).toBe(made.length);
    expect(made[0]).toHaveLength(64);
  });

  test('the binding of host evidence follows every one of its parts', () => {
    const of = {
      attest: Buffer.from('attest'),
      signature: Buffer.from('signature'),
      imaSha256: Buffer.alloc(32, 1),
      akName: Buffer.from('name'),
      agentVersion: '1.0.0',
    };
    const made = [
      of,
      { ...of, attest: Buffer.from('attests'), signature: Buffer.from('ignature') },
      { ...of, signature: Buffer.alloc(0) },
      { ...of, imaSha256: Buffer.alloc(32, 2) },
      { ...of, akName: Buffer.alloc(0) },
      { ...of, agentVersion: '1.0.1' },
    ].map((one) => hex(hostEvidenceBinding(one)));
    expect(new Set(made).size).toBe(made.length);
  });

  test('a boot spec has one canonical text, whatever the order it was made in', () => {
    const spec: HostBootSpec = {
      version: 1,
      network: 'n',
      kind: 'hccam',
      attesterId: 'm',
      bootId: 'b',
      image: 'sha256:00',
    };
    const shuffled = Object.fromEntries(Object.entries(spec).reverse());
    const text = hostBootSpecText(spec);
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(spec).sort());
    expect(hostBootSpecText({ ...spec, ...shuffled })).toBe(text);
    expect(hex(hostDataOf(text))).toBe(createHash('sha256').update(text).digest('hex'));
  });
});

const readBack = (bytes: Uint8Array): readonly string[] => {
  const view = Buffer.from(bytes);
  const fields: string[] = [];
  for (let at = 0; at < view.length; ) {
    const length = view.readUInt32BE(at);
    fields.push(view.subarray(at + 4, at + 4 + length).toString('hex'));
    at += 4 + length;
  }
  return fields;
};
