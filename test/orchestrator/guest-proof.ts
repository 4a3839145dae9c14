import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { type Appraisal, guestResultOf, signResult } from '#attestation';
import type { Tier } from '#domain';
import type { Bench } from '../conformance/bench.ts';

export const networkId = '8f9a2f6e-2f1a-4b53-9d53-0d6f3f7d0a11';
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** What a guest's evidence came to; what is not said is what an honest guest of the present boot gets. */
export type Claim = {
  readonly binding: Uint8Array;
  readonly purpose?: 'vm-key' | 'ssh-host-key';
  readonly suite?: string;
  readonly tier?: Tier;
  readonly generation?: number;
  readonly bootId?: string;
  readonly minerId?: string;
  readonly vmId?: string;
  readonly issuedAtMs?: number;
  readonly signedBy?: KeyObject;
};

export type Attested = { readonly result: string; readonly nonce: string; readonly appraisalId: string };

/** The signed result of that evidence, as an attestor gives it, and the challenge that was answered. */
export const signed = async (
  { clock, ids }: Bench,
  claim: Claim,
  own: {
    readonly bootId: string;
    readonly generation: number;
    readonly vmId: string;
    readonly minerId: string;
    readonly key: KeyObject;
  },
): Promise<Attested> => {
  const [nonce, appraisalId] = [randomBytes(32), ids.uuid()];
  const issuedAtMs = claim.issuedAtMs ?? clock.now();
  const vmId = claim.vmId ?? own.vmId;
  const terms = {
    ...{ verifier: { id: 'attestor-1', build: '1' }, appraisalId, attesterId: vmId, networkId },
    ...{
      evidenceSha256: sha256('evidence'),
      nonceSha256: sha256(nonce),
      issuedAtMs,
      expiresAtMs: issuedAtMs + 120_000,
    },
    policy: { name: 'guest-boot', version: 1, sha256: sha256('policy') },
  };
  const about = {
    ...{ purpose: claim.purpose ?? 'vm-key', suite: claim.suite ?? '', bindingSha256: sha256(claim.binding) },
    ...{ generation: claim.generation ?? own.generation, bootId: claim.bootId ?? own.bootId },
    minerId: claim.minerId ?? own.minerId,
  };
  const by = { key: claim.signedBy ?? own.key, algorithm: 'EdDSA', keyId: 'attestor-1' } as const;
  const result = await signResult(guestResultOf(judged(claim.tier ?? 'affirming'), terms, about), by);
  return { result, nonce: nonce.toString('base64'), appraisalId };
};

const judged = (tier: Tier): Appraisal => ({
  ...{ tier, groups: { hardware: tier, launch: tier, tpm: 'none', ima: 'none', identity: tier }, refusals: [] },
  checks: { hardware: [], launch: [], tpm: [], ima: [], identity: [] },
  platform: 'simulated',
  claims: {
    ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
    ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
  },
});
