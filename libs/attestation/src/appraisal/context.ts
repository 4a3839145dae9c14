import type { ImaProgress } from '../ima/claims.ts';
import type { CertificateVerdicts } from '../snp/certificate-verdict.ts';
import type { SnpProduct } from '../snp/claims.ts';
import type { TrustRoots } from '../snp/roots.ts';
import type { TpmProgress } from '../tpm/claims.ts';

/** A device and who has claimed it; nobody yet is null. */
export interface DeviceHolder {
  /** Lower-case hex: a chip id, or SHA-256 of an endorsement key's SubjectPublicKeyInfo. */
  readonly deviceId: string;
  readonly heldBy: string | null;
}

/** The attestation key that this attester enrolled by credential activation. */
export interface EnrolledKey {
  /** TPM name, lower-case hex. */
  readonly akName: string;
  /** SHA-256 of the endorsement key's SubjectPublicKeyInfo, lower-case hex: what a TPM is known by. */
  readonly ekPublicSha256: string;
  readonly isSimulated: boolean;
}

/** What a report is verified against, whoever it is about. */
export interface ReportTrust {
  readonly roots: TrustRoots;
  /** What the roots took back, DER, by product. */
  readonly revocationLists: Readonly<Partial<Record<SnpProduct, Uint8Array>>>;
  /** Certificates the verifier found, in place of those in the evidence; `chain` is the ASK or ASVK and the ARK. */
  readonly endorsements: { readonly vek: Uint8Array; readonly chain: readonly Uint8Array[] } | null;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** A memory of good certificate chains. It changes what a verdict costs, never the verdict. */
  readonly verdicts?: CertificateVerdicts;
}

/**
 * All that a verdict on a host depends on beside its evidence and the policy. None of it comes out of the evidence. The same
 * context gives the same verdict at any later time: evidence that was kept can be judged again.
 */
export interface HostContext extends ReportTrust {
  readonly network: { readonly id: string; readonly kind: 'simulated' | 'production' };
  readonly attesterId: string;
  /** SHA-256 (lower-case hex) of the nonce this attester was given. */
  readonly nonceSha256: string;
  readonly enrolled: EnrolledKey | null;
  readonly previous: { readonly tpm: TpmProgress | null; readonly ima: ImaProgress | null };
  readonly devices: {
    /** Of the chip that `hintsOfHostEvidence` finds; null where it names none. */
    readonly chip: DeviceHolder | null;
    /** Of the enrolled TPM; null where none is enrolled. */
    readonly tpm: DeviceHolder | null;
  };
}
