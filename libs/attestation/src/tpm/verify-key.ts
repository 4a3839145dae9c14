import type { Verified } from '../verdict.ts';
import { checkAkAttributes } from './ak-attributes.ts';
import { Findings } from './findings.ts';
import type { TpmKey } from './keys.ts';

export interface AttestationKeyClaims {
  readonly kind: 'attestation-key';
  /** TPM name: hash id and digest, lower-case hex. */
  readonly name: string;
}

/** Whether a key, as its public area tells, may be enrolled to sign quotes. Nothing here says in which TPM it is. */
export function verifyAttestationKey(ak: TpmKey): Verified<AttestationKeyClaims> {
  const findings = new Findings();
  checkAkAttributes(findings, ak, 'required');
  return findings.verdict<AttestationKeyClaims>(
    ak.name === null ? undefined : { kind: 'attestation-key', name: ak.name },
  );
}
