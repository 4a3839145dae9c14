import { type GuestBootFacts, type GuestBootSpec, type GuestPurpose, reportDataOf } from '#attestation';
import type { Clock } from '#events';
import { readAppraisal, readChallenge } from '../../../apps/guest-agent/src/boot/answers.ts';
import { NetworkRefused } from '../../../apps/guest-agent/src/boot/host.ts';
import { limits } from '../../../apps/guest-agent/src/boot/limits.ts';
import { Stop } from '../../../apps/guest-agent/src/stop.ts';
import type { Life } from '../life.ts';
import { network } from './network.ts';

/** A request of a guest to its host. Rejects with NetworkRefused. */
export type Ask = (what: 'challenge' | 'evidence' | 'release' | 'confirm', body: object) => Promise<string>;

/** Who proves what it is. */
export type Prover = {
  readonly life: Life;
  readonly clock: Clock;
  readonly ask: Ask;
  /** Its processor signs what it says. */
  readonly report: (reportData: Uint8Array) => Uint8Array;
};

export type Claim = {
  readonly purpose: GuestPurpose;
  readonly binding: Uint8Array;
  readonly suite: string;
  readonly key: string | null;
  readonly boot: GuestBootFacts | null;
};
export type Proof = { readonly result: string; readonly nonce: string };

type Proving = Prover & { readonly identity: GuestBootSpec; readonly bootSpec: string };

/** As the agent's own: again and again, with a new proof once the old one is of no use any more. */
export const askWithProof = async <Answer>(
  guest: Proving,
  claim: Claim,
  ask: (proof: Proof) => Promise<Answer>,
): Promise<Answer> => {
  const { life, clock } = guest;
  let proven: { readonly proof: Proof; readonly atMs: number } | null = null;
  for (;;) {
    try {
      if (proven === null || clock.now() - proven.atMs > limits.resultAgeMsMax) {
        proven = { atMs: clock.now(), proof: await prove(guest, claim) };
      }
      const answer = await ask(proven.proof);
      await life.here();
      return answer;
    } catch (error) {
      await life.here();
      if (!(error instanceof NetworkRefused) || error.retryInMs === null) throw error;
      if (renewing.test(error.code)) proven = null;
      await clock.sleep(Math.max(error.retryInMs, limits.retryMsMin));
      await life.here();
    }
  }
};

const renewing = /^(?:nonce-|appraisal-|result-)/;

/** One round: a challenge, a report over the answer to it, and the verdict on that. Throws as the agent does. */
const prove = async (guest: Proving, claim: Claim): Promise<Proof> => {
  const { proof, tier, refusals } = await attest(guest, claim);
  if (tier === 'affirming') return proof;
  if (refusals.some((code) => code.startsWith('nonce-'))) throw new NetworkRefused('nonce-used', 'asked twice', 0);
  throw new Stop('appraisal-refused', `the verdict is ${tier}: ${refusals.join(', ')}`);
};

/** The same for somebody who takes any verdict. */
export const attest = async (
  { ask, report, identity, bootSpec }: Omit<Proving, 'life' | 'clock'>,
  claim: Claim,
): Promise<{ readonly proof: Proof; readonly tier: string; readonly refusals: readonly string[] }> => {
  const { vmId: attesterId, generation, bootId } = identity;
  const { purpose, binding, suite, key, boot } = claim;
  const { nonce, expiresAt: nonceExpiresAt } = readChallenge(await ask('challenge', { purpose }));
  const of = { networkId: network.id, purpose, attesterId, generation, bootId, binding, suite };
  const signed = report(reportDataOf({ ...of, nonce: Buffer.from(nonce, 'base64') }));
  const evidence = JSON.stringify({
    ...{ version: 1, kind: 'guest', attesterId, purpose, nonce, nonceExpiresAt, bootSpec, agentVersion: '1.0.0' },
    ...{ generation, bootId, suite, key, boot },
    snp: { report: Buffer.from(signed).toString('base64'), certificates: null },
  });
  const { tier, refusals, result } = readAppraisal(await ask('evidence', { evidence }));
  return { proof: { result, nonce }, tier, refusals: refusals.map(({ code }) => code) };
};
