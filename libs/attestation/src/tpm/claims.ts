/** The hashes a TPM signs and extends with. */
export type TpmHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** One bank's part of a selection: PCR numbers, ascending. */
export interface PcrSelection {
  readonly bank: TpmHash;
  readonly indices: readonly number[];
}

/** One register as it was quoted; `value` is lower-case hex. */
export interface PcrValue {
  readonly bank: TpmHash;
  readonly index: number;
  readonly value: string;
}

/**
 * What a verifier remembers of an AK between two quotes. Numbers of 64 bits are text, so that this survives JSON; the counts
 * and the firmware version are only comparable for one AK, because a TPM obfuscates them per hierarchy.
 */
export interface TpmProgress {
  /** Milliseconds this TPM has been powered since it was last cleared, as a decimal number. */
  readonly clockMs: string;
  /** Starts of the TPM (machine boots). */
  readonly resetCount: number;
  /** Resumes since the last reset. */
  readonly restartCount: number;
  /** `0x` and 16 hex digits. */
  readonly firmwareVersion: string;
}

/** How the public half of an attestation key is known. From an SPKI alone nothing is known of the key's attributes. */
export interface TpmKeyClaims {
  readonly form: 'public-area' | 'spki';
  /** The key's TPM name (hash id and digest of its public area), hex; null for an SPKI, which has none. */
  readonly name: string | null;
  /** SHA-256 of the SubjectPublicKeyInfo, hex: the one identity both forms have. */
  readonly spkiSha256: string;
  readonly kind: 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'p-256' | 'p-384' | 'unsupported';
  /** Whether restricted, sign, not decrypt, fixedTPM, fixedParent and sensitiveDataOrigin were looked at. */
  readonly attributesChecked: boolean;
}

/** What is true of a quote that verified. Plain data: it is stored and shown as it is. */
export interface TpmClaims {
  readonly kind: 'tpm-quote';
  /** extraData of the quote, hex. */
  readonly nonce: string;
  readonly pcrs: readonly PcrValue[];
  /** The digest over those values, hex. */
  readonly pcrDigest: string;
  readonly progress: TpmProgress;
  /** False when the clock may have gone back because the TPM lost power unannounced. */
  readonly clockSafe: boolean;
  readonly signature: { readonly scheme: 'rsassa' | 'rsapss' | 'ecdsa'; readonly hash: TpmHash };
  /** Name of the AK with its parents', hex. */
  readonly qualifiedSigner: string;
  readonly ak: TpmKeyClaims;
}
