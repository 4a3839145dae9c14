import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keySuites } from '../transcript.ts';
import { guestPolicy, guestVm, openGuest, type Saying, specifiedBoot } from './guest.fixture.ts';
import type { GuestContext } from './judge.ts';

const guest = await openGuest();
const elsewhere = await openGuest();
const codesOf = (document: Uint8Array, over: Partial<GuestContext> = {}, policy = guestPolicy): readonly string[] =>
  guest.judge(document, over, policy).appraisal.refusals.map(({ code }) => code);
const other = (over: Partial<typeof guestVm>) => specifiedBoot({ ...guestVm, ...over });
const otherVm = other({ vmId: '0198c0de-0000-7000-8000-0000000000b2' });
const olderBoot = other({ bootId: '0198c0de-0000-7000-8000-0000000000c0' });
const olderGeneration = other({ generation: 2 });

describe('an honest guest', () => {
  test.each(['vm-key', 'ssh-host-key'] as const)(
    'is affirmed for %s, by hardware, launch and identity alone',
    (purpose) => {
      const { appraisal } = guest.judge(guest.say({ purpose }));
      expect(appraisal).toMatchObject({ tier: 'affirming', refusals: [], platform: 'simulated' });
      expect(appraisal.groups).toEqual({
        ...{ hardware: 'affirming', launch: 'affirming', identity: 'affirming', tpm: 'none', ima: 'none' },
      });
      expect(appraisal.claims).toMatchObject({ chipId: guest.chipId, launchDigest: other({}).launchDigests[0] });
    },
  );

  test('is affirmed in each way its image may be started', () => {
    const [, second = ''] = guest.context.expected.launchDigests;
    expect(codesOf(guest.say({ report: { measurement: Buffer.from(second, 'hex') } }))).toEqual([]);
  });

  test('may offer X25519 alone only where the policy says so', () => {
    const { name: suite, publicKeyBytes } = keySuites.classical;
    const document = guest.say({ suite, key: Buffer.alloc(publicKeyBytes, 3) });
    expect(codesOf(document)).toEqual(['guest-suite-classical']);
    expect(codesOf(document, {}, { ...guestPolicy, allowClassical: true })).toEqual([]);
  });
});

const refused: readonly [what: string, over: Partial<Saying>, codes: readonly string[]][] = [
  ['evidence of another VM', { boot: otherVm }, ['identity-attester', 'guest-boot-spec', 'guest-binding']],
  ['an older boot', { boot: olderBoot }, ['guest-boot-other', 'guest-boot-spec', 'guest-binding']],
  ['an older generation', { boot: olderGeneration }, ['guest-boot-other', 'guest-boot-spec', 'guest-binding']],
  ['an old spec and the words of this boot', { report: { hostData: Buffer.alloc(32, 1) } }, ['snp-host-data']],
  ['another launch', { report: { measurement: Buffer.alloc(48, 1) } }, ['snp-measurement']],
  ['another nonce', { nonce: Buffer.alloc(32, 1) }, ['identity-nonce']],
  ['a report over another key', { bound: { binding: Buffer.alloc(1_216) } }, ['guest-binding']],
  ['a report for the other purpose', { bound: { purpose: 'ssh-host-key' } }, ['guest-binding']],
  ['a report for another network', { bound: { networkId: 'other' } }, ['guest-binding']],
  ['a suite nobody knows', { suite: 'rot13' }, ['guest-suite-unknown']],
  ['half a key', { key: Buffer.alloc(600) }, ['guest-key-form']],
  [
    'a guest that allows debugging',
    { report: { policy: (1n << 17n) | (1n << 16n) | (1n << 19n) } },
    ['snp-policy-debug'],
  ],
  [
    'a report for the other purpose that says so',
    { purpose: 'ssh-host-key', bound: { purpose: 'vm-key' } },
    ['guest-binding'],
  ],
];

describe('a guest is refused by name', () => {
  test.each(refused)('given %s', (_, over, codes) => {
    const { appraisal } = guest.judge(guest.say(over));
    expect(appraisal.tier).toBe('contraindicated');
    expect(appraisal.refusals.map(({ code }) => code)).toEqual(expect.arrayContaining([...codes]));
  });

  test('given the chip of another miner, of nobody, or one that nobody looked up', () => {
    const { deviceId } = guest.context.chip ?? expect.fail('it has a chip');
    expect(codesOf(guest.say(), { chip: { deviceId, heldBy: 'another' } })).toEqual(['guest-chip-other-miner']);
    expect(codesOf(guest.say(), { chip: { deviceId, heldBy: null } })).toEqual(['guest-chip-other-miner']);
    expect(codesOf(guest.say(), { chip: null })).toEqual(['identity-chip-not-looked-up']);
    expect(codesOf(elsewhere.say())).toEqual(['identity-chip-not-looked-up']);
  });

  test('given a boot image that is not in the policy any more', () => {
    const { expected } = guest.context;
    expect(codesOf(guest.say(), { expected: { ...expected, bootDigest: '0'.repeat(64) } })).toEqual([
      'guest-boot-reference',
    ]);
  });

  test('given a simulated processor on a production network', () => {
    const network = { id: guest.context.network.id, kind: 'production' } as const;
    expect(codesOf(guest.say(), { network })).toEqual(['hardware-simulated-on-production']);
  });

  test('given no network of ours, then its report binds nothing here', () => {
    expect(codesOf(guest.say(), { network: { id: 'other', kind: 'simulated' } })).toEqual(['guest-binding']);
  });

  test('given no evidence at all', () => {
    expect(codesOf(Buffer.from('{}'))).toEqual(['evidence-malformed']);
    expect(guest.judge(Buffer.from('{}')).appraisal.tier).toBe('contraindicated');
  });
});

describe('whatever is sent', () => {
  const document = Buffer.from(guest.say()).toString();
  const report = Buffer.from(JSON.parse(document).snp.report, 'base64');

  test('given one byte of the report changed, then it is never affirmed', () => {
    fc.assert(
      fc.property(fc.nat(report.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(report);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const text = document.replace(report.toString('base64'), changed.toString('base64'));
        expect(guest.judge(Buffer.from(text)).appraisal.tier).toBe('contraindicated');
      }),
      { numRuns: 150 },
    );
  });

  test('given one byte of the document changed, then it is affirmed only where nothing is said by it', () => {
    const said = JSON.parse(document);
    const unsaid = (one: typeof said) => ({ ...one, agentVersion: '', nonceExpiresAt: 0 });
    fc.assert(
      fc.property(fc.nat(document.length - 1), fc.integer({ min: 1, max: 127 }), (at, flip) => {
        const bytes = Buffer.from(document);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        if (guest.judge(bytes).appraisal.tier !== 'affirming') return;
        expect(unsaid(JSON.parse(bytes.toString()))).toEqual(unsaid(said));
      }),
      { numRuns: 200 },
    );
  });
});
