import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type GuestTerms, guestResultOf, type ResultTerms, resultOf } from '../appraisal/ear.ts';
import { signResult } from '../appraisal/signed-result.ts';
import { keySuites } from '../transcript.ts';
import { guestVm, openGuest } from './guest.fixture.ts';
import { verifyGuestResult } from './result.ts';

const guest = await openGuest();
const pair = generateKeyPairSync('ed25519');
const by = { key: pair.privateKey, algorithm: 'EdDSA', keyId: 'attestor-2' } as const;
const issuedAtMs = Date.UTC(2026, 10, 21, 12);
const networkId = guest.context.network.id;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const judged = guest.judge(guest.say());
const terms: ResultTerms = {
  ...{ verifier: { id: 'attestor-2', build: '1' }, appraisalId: 'one', attesterId: guestVm.vmId, networkId },
  ...{ evidenceSha256: judged.evidenceSha256, nonceSha256: guest.context.nonceSha256 },
  ...{ policy: { name: 'guest-boot', version: 4, sha256: sha256('policy') } },
  ...{ issuedAtMs, expiresAtMs: issuedAtMs + 60_000 },
};
const about: GuestTerms = {
  ...{ purpose: 'vm-key', generation: guestVm.generation, bootId: guestVm.bootId, minerId: guestVm.minerId },
  ...{ bindingSha256: sha256('key'), suite: keySuites.hybrid.name },
};
const trust = { publicKey: pair.publicKey, networkId, nowMs: issuedAtMs + 1_000 };
const signed = (appraisal = judged.appraisal, over: Partial<ResultTerms> = {}): Promise<string> =>
  signResult(guestResultOf(appraisal, { ...terms, ...over }, about), by);

describe('a result on a guest', () => {
  test('says of one boot, one purpose and one binding what it came to', async () => {
    expect(await verifyGuestResult(await signed(), trust)).toEqual({
      ok: true,
      claims: expect.objectContaining({
        ...{ ...about, tier: 'affirming', kind: 'guest', attesterId: guestVm.vmId, attestorId: 'attestor-2' },
        ...{ launchDigest: guest.context.expected.launchDigests[0], nonceSha256: terms.nonceSha256 },
        ...{ issuedAtMs, expiresAtMs: issuedAtMs + 60_000, platform: 'simulated', refusals: [] },
      }),
    });
  });

  test('of a guest that was refused verifies too, and affirms nothing', async () => {
    const { appraisal } = guest.judge(guest.say({ report: { measurement: Buffer.alloc(48) } }));
    expect(await verifyGuestResult(await signed(appraisal), trust)).toMatchObject({
      claims: { tier: 'contraindicated', refusals: [{ code: 'snp-measurement' }] },
    });
  });

  test.each<[string, string, () => Promise<string>, object]>([
    ['of another key', 'result-signature', signed, { publicKey: generateKeyPairSync('ed25519').publicKey }],
    ['that has expired', 'result-expired', signed, { nowMs: issuedAtMs + 66_000 }],
    ['of tomorrow', 'result-from-the-future', signed, { nowMs: issuedAtMs - 10_000 }],
    ['of another network', 'result-other-network', () => signed(judged.appraisal, { networkId: 'other' }), {}],
    ['about a host', 'result-not-of-a-guest', () => signResult(resultOf(judged.appraisal, terms), by), {}],
    ['that is none', 'result-malformed', async () => 'a.b.c', {}],
  ])('%s is refused', async (_, code, token, over) => {
    expect(await verifyGuestResult(await token(), { ...trust, ...over })).toMatchObject({ ok: false, code });
  });
});
