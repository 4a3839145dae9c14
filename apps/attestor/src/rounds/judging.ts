import {
  type CertificateVerdicts,
  type DeviceHolder,
  type HostContext,
  type HostEvidence,
  type HostJudgement,
  judgeHostEvidence,
  type TrustRoots,
} from '#attestation';
import type { Attester, DeviceKind, NetworkKind } from '#domain';
import type { Grounds } from '../endorsements/endorsements.ts';
import type { InForce, Policies } from '../policies/policies.ts';

/** What the verifier trusts, which never comes out of evidence. */
export type Trust = {
  readonly roots: TrustRoots;
  readonly verdicts: CertificateVerdicts;
};

export type JudgingParts = {
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  readonly trust: Trust;
  readonly policies: Pick<Policies, 'hostAttestation'>;
  readonly holderOf: (kind: DeviceKind, deviceId: string) => Promise<DeviceHolder>;
};

export type Question = {
  readonly document: Uint8Array;
  /** The same, read. */
  readonly evidence: HostEvidence;
  readonly ima: Uint8Array | null;
  readonly grounds: Grounds;
  readonly attesterId: string;
  readonly attester: Attester | null;
  readonly nonceSha256: string;
  readonly atMs: number;
};

export type Judged = HostJudgement & { readonly policy: InForce<unknown>['used'] };

/** Gathers what a verdict depends on, and judges. What is gathered is all there is: the verdict is a function of it. */
export const createJudging =
  ({ network, trust, policies, holderOf }: JudgingParts) =>
  async ({ document, evidence, ima, grounds, attesterId, attester, nonceSha256, atMs }: Question): Promise<Judged> => {
    const { policy, used } = policies.hostAttestation();
    const { hints, endorsed } = grounds;
    const chipId = hints?.chipIdHex ?? null;
    const enrolled = attester?.key ?? null;
    const [chip, tpm] = await Promise.all([
      chipId === null ? null : holderOf('chip', chipId),
      enrolled === null ? null : holderOf('tpm', enrolled.ekPublicSha256),
    ]);
    const context: HostContext = {
      ...{ network, attesterId, nonceSha256, enrolled, atMs },
      previous: attester?.progress ?? { tpm: null, ima: null },
      devices: { chip, tpm },
      ...{ roots: trust.roots, ...endorsed, verdicts: trust.verdicts },
    };
    return { ...judgeHostEvidence({ document, ima, evidence }, context, policy), policy: used };
  };
