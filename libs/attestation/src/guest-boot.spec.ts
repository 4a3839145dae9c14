import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bootBinding,
  type GuestBootSpec,
  guestBootSpecText,
  guestCommandLine,
  parseGuestBootSpec,
} from './guest-boot.ts';
import { Malformed } from './malformed.ts';
import { lengthPrefixed, reportDataOf, reportTranscript } from './transcript.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const spec: GuestBootSpec = {
  ...{ version: 1, kind: 'vm', network: '0198c0de-0000-7000-8000-000000000001' },
  ...{ vmId: '0198c0de-0000-7000-8000-000000000002', generation: 3, bootId: '0198c0de-0000-7000-8000-000000000003' },
  ...{ image: `sha256:${'ab'.repeat(32)}`, integrity: 'none' },
};

describe('the boot spec of an owner’s VM', () => {
  test('is read back as it was written', () => {
    expect(parseGuestBootSpec(guestBootSpecText(spec))).toEqual(spec);
    expect(Object.keys(JSON.parse(guestBootSpecText(spec)))).toEqual(Object.keys(spec).sort());
  });

  test.each([
    ['no JSON', 'hello', /is one whose the document|form is wrong/],
    ['a space in it', guestBootSpecText(spec).replace(':', ': '), /canonical JSON/],
    ['its members in another order', JSON.stringify(spec), /canonical JSON/],
    ['a member more', guestBootSpecText(spec).replace('{', '{"a":1,'), /and no other/],
    ['a member twice', guestBootSpecText(spec).replace('{', '{"version":1,'), /canonical JSON/],
    ['a generation of a system VM', guestBootSpecText({ ...spec, generation: 0 }), /generation is wrong/],
    ['the kind of a system VM', guestBootSpecText(spec).replace('"vm"', '"hccam"'), /kind is wrong/],
    ['another integrity', guestBootSpecText(spec).replace('none', 'crc32'), /integrity is wrong/],
    ['more text than a spec has', ' '.repeat(3_000), /at most 2048/],
  ])('with %s is refused and says why', (_, text, why) => {
    expect(() => parseGuestBootSpec(text)).toThrow(Malformed);
    expect(() => parseGuestBootSpec(text)).toThrow(why);
  });

  test('whatever the text: it is the canonical one of a spec, or Malformed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseGuestBootSpec(text)).toThrow(Malformed);
      }),
    );
  });
});

describe('the command line of an owner’s VM', () => {
  const base = { rootHash: 'cd'.repeat(32), salt: 'ef'.repeat(32), dataBlocks: 1234 };
  const of = { networkId: spec.network, kind: 'simulated', networkKey: Buffer.alloc(32, 7), base } as const;

  test('names network, kind, key and base image, and takes no credentials from a host', () => {
    expect(guestCommandLine(of)).toBe(
      'console=ttyS0 quiet panic=-1 net.ifnames=0 systemd.import_credentials=no ' +
        `hcc.network=${spec.network} hcc.kind=simulated hcc.key=${'07'.repeat(32)} ` +
        `hcc.base=${'cd'.repeat(32)}:${'ef'.repeat(32)}:1234`,
    );
  });

  test.each([
    ['a network id with a word more', { networkId: `${spec.network} init=/bin/sh` }],
    ['a short key', { networkKey: Buffer.alloc(31) }],
    ['a root hash with a word more', { base: { ...base, rootHash: `${'cd'.repeat(32)} rw` } }],
    ['a salt that is no hex', { base: { ...base, salt: 'xyz' } }],
    ['half a block', { base: { ...base, dataBlocks: 1.5 } }],
  ])('is not made of %s', (_, over) => {
    expect(() => guestCommandLine({ ...of, ...over })).toThrow(TypeError);
  });
});

describe('what a guest binds before it goes on', () => {
  const facts = { sshHostKey: 'ssh-ed25519 AAAA', headerSha256: '12'.repeat(32), counter: 4 };

  test('is the stated transcript', () => {
    const stated = lengthPrefixed('hcc-boot-v1', 'ssh-ed25519 AAAA', Buffer.from('12'.repeat(32), 'hex'), '4');
    expect(hex(bootBinding(facts))).toBe(createHash('sha256').update(stated).digest('hex'));
  });

  test('follows host key, header and counter', () => {
    const made = [
      facts,
      { ...facts, sshHostKey: 'ssh-ed25519 AAAB' },
      { ...facts, headerSha256: '13'.repeat(32) },
      { ...facts, counter: 5 },
    ].map((one) => hex(bootBinding(one)));
    expect(new Set(made).size).toBe(made.length);
  });

  test('is refused for a digest that is none, or a counter that counts nothing', () => {
    expect(() => bootBinding({ ...facts, headerSha256: '12' })).toThrow(TypeError);
    expect(() => bootBinding({ ...facts, counter: -1 })).toThrow(TypeError);
  });

  test('a report for one purpose is of no use for the other', () => {
    const of = { networkId: 'net', nonce: Buffer.alloc(32), attesterId: 'vm', generation: 1, bootId: 'b' };
    const binding = bootBinding(facts);
    const key = { ...of, purpose: 'vm-key', binding } as const;
    const boot = { ...of, purpose: 'ssh-host-key', binding } as const;
    expect(hex(reportDataOf(key))).not.toBe(hex(reportDataOf(boot)));
    expect(hex(reportDataOf(key))).toBe(createHash('sha512').update(reportTranscript(key)).digest('hex'));
  });
});
