import type { AttesterId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `appraisal-<attesterId>`. They change only with a new version and an upcaster.

/** How far something is trusted, as in EAR (draft-ietf-rats-ear). `none` is not known, which is never better than a failure. */
export type Tier = 'none' | 'affirming' | 'warning' | 'contraindicated';

/** What is judged apart: the secure processor, what was launched, the host's TPM, the files it runs, and who all that belongs to. */
export type ClaimGroup = 'hardware' | 'launch' | 'tpm' | 'ima' | 'identity';
export type GroupTiers = Readonly<Record<ClaimGroup, Tier>>;

export type AppraisalRefusal = {
  readonly group: ClaimGroup;
  /** Stable, such as `tpm-nonce`; its words are in the generated reference. */
  readonly code: string;
  readonly observed: string;
  readonly wanted: string;
};

/** Which policy judged: a number means one published on `policy-<name>`, 0 the built-in one. */
export type PolicyUsed = { readonly name: string; readonly version: number; readonly sha256: string };

/** What the evidence showed, where it was good enough to show anything. Hex where it is bytes. */
export type AppraisalClaims = {
  readonly chipId: string | null;
  readonly product: string | null;
  readonly reportedTcb: string | null;
  readonly launchDigest: string | null;
  readonly ekPublicSha256: string | null;
  readonly akName: string | null;
  readonly imaEntries: number;
  /** Entries after the last one that the quote covers. */
  readonly imaNotAttested: number;
  readonly agentVersion: string | null;
};

/** PCR 10 by bank (hex) after some entries of a measurement list. */
export type ListPoint = { readonly entries: number; readonly replay: Readonly<Record<string, string>> };

/** What the next round is held against: counters that never go back, and where the measurement list was left. */
export type AppraisalProgress = {
  readonly tpm: {
    readonly clockMs: string;
    readonly resetCount: number;
    readonly restartCount: number;
    readonly firmwareVersion: string;
  } | null;
  readonly ima: {
    readonly version: 1;
    readonly extension: 'per-bank' | 'padded-sha1';
    /** As far as the last quote reached: what comes after is sent in the next round. */
    readonly attested: ListPoint;
    readonly seen: ListPoint;
    readonly loadedKeys: readonly {
      readonly keyring: string;
      readonly index: number;
      /** DER, base64. */
      readonly certificate: string;
    }[];
  } | null;
};

export type EvidenceAppraised = {
  readonly type: 'EvidenceAppraised';
  readonly attesterId: AttesterId;
  /** `host`: the miner, through its system VM. `guest`: an owner's VM. */
  readonly kind: 'host' | 'guest';
  readonly appraisalId: string;
  readonly attestorId: string;
  readonly appraisedAt: UnixMs;
  /** This event is what uses the nonce up. */
  readonly nonceSha256: string;
  readonly nonceExpiresAt: UnixMs;
  /** Where the evidence lies in the EvidenceStore; `null` when it could not be kept. */
  readonly evidenceSha256: string | null;
  readonly policies: readonly PolicyUsed[];
  readonly platform: 'simulated' | 'sev-snp';
  /** The worst of what the policy requires. */
  readonly tier: Tier;
  readonly groups: GroupTiers;
  readonly refusals: readonly AppraisalRefusal[];
  readonly claims: AppraisalClaims;
  readonly progress: AppraisalProgress;
  readonly nextDueAt: UnixMs;
};

export type AttestationKeyEnrolled = {
  readonly type: 'AttestationKeyEnrolled';
  readonly attesterId: AttesterId;
  /** TPMT_PUBLIC, base64. */
  readonly akPublic: string;
  readonly akName: string;
  readonly ekPublicSha256: string;
  readonly ekCertificateSha256: string | null;
  /** Whose root the endorsement certificate leads to. */
  readonly vendor: string | null;
  readonly isSimulated: boolean;
};

export type AppraisalEvent =
  | AttestationKeyEnrolled
  | EvidenceAppraised
  | {
      readonly type: 'AttestationOverdue';
      readonly attesterId: AttesterId;
      readonly dueAt: UnixMs;
      readonly lastAppraisedAt: UnixMs | null;
    };
