import type { AppraisalRefusal, GroupTiers, NetworkKind, Tier, UnixMs } from '#domain';

// What a miner and an attestor say to each other. Bytes are base64 unless a field says hex.

/** `attest.<minerId>.challenge`. */
export type ChallengeRequest = { readonly purpose: 'host-evidence'; readonly agentVersion: string };

export type Challenge = {
  /** 32 bytes, good for one answer. */
  readonly nonce: string;
  readonly expiresAt: UnixMs;
  readonly networkId: string;
  readonly networkKind: NetworkKind;
  /** First entry of the measurement list that is wanted; those before it are remembered. */
  readonly imaFrom: number;
  /** Name of the attestation key this attester is known by (hex); `null`: enrol first. */
  readonly akName: string | null;
};

/** `attest.<minerId>.enrol`: the TPM's endorsement key and the attestation key that shall be bound to it. */
export type EnrolRequest = {
  /** TPMT_PUBLIC of the endorsement key. */
  readonly ekPublic: string;
  /** DER; `null` when the TPM has none. */
  readonly ekCertificate: string | null;
  /** DER of authorities between that certificate and its vendor's root, in any order; absent where the miner has none. */
  readonly ekIssuers?: readonly string[] | undefined;
  readonly akPublic: string;
  /** What the agent says of its TPM; a network that is not simulated does not take `true`. */
  readonly isSimulated: boolean;
};

/** What only that TPM can open: TPM2_ActivateCredential's input. `token` comes back with the secret. */
export type EnrolChallenge = {
  readonly credentialBlob: string;
  readonly encryptedSecret: string;
  readonly token: string;
};

/** `attest.<minerId>.activate`. */
export type ActivateRequest = { readonly token: string; readonly secret: string };
export type Activated = { readonly akName: string };

/** `attest.<minerId>.chip`, simulated networks only: an SPKI to be given a certificate of the simulated root. */
export type ChipRequest = { readonly publicKey: string };
export type ChipCertificates = { readonly vcek: string; readonly ask: string; readonly ark: string };

/** `attest.<minerId>.ima`: a part of a measurement list too large for one message, sent before the evidence. */
export type ImaPart = {
  readonly nonce: string;
  /** As the challenge said it: it is sealed with the nonce. */
  readonly nonceExpiresAt: UnixMs;
  readonly index: number;
  readonly bytes: string;
};
export type ImaPartTaken = { readonly nextIndex: number };

/** `attest.<minerId>.evidence`: the evidence as its attester made it, as text. The verifier hashes exactly these bytes. */
export type EvidenceRequest = { readonly evidence: string };

/** `attest.<minerId>.guest-challenge`: for a VM on this miner, not for the miner. */
export type GuestChallengeRequest = {
  readonly vmId: string;
  readonly purpose: 'vm-key' | 'ssh-host-key';
};
export type GuestChallenge = {
  /** 32 bytes, good for one answer of this VM. */
  readonly nonce: string;
  readonly expiresAt: UnixMs;
  readonly networkId: string;
  readonly networkKind: NetworkKind;
};

/** `attest.<minerId>.guest-evidence`: a guest's evidence as it made it, as text. */
export type GuestEvidenceRequest = { readonly vmId: string; readonly evidence: string };

export type EvidenceAnswer = {
  readonly appraisalId: string;
  readonly tier: Tier;
  readonly groups: GroupTiers;
  /** With the words a person needs. */
  readonly refusals: readonly (AppraisalRefusal & { readonly title: string; readonly fix: string })[];
  readonly nextDueAt: UnixMs;
  /** The Attestation Result: a signed EAR as a compact JWT. */
  readonly result: string;
};
