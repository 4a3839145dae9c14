import { type GuestEvidence, parseGuestEvidence } from '#attestation';
import { AttestationRefused, type Clock } from '#events';
import type { Nonces } from '../challenges/nonces.ts';

/**
 * The evidence, if it answers a challenge that this network gave for this very VM and purpose and that is still open. Throws
 * AttestationRefused otherwise; nothing is recorded of it then.
 */
export const guestAnswering = (
  vmId: string,
  document: Uint8Array,
  { nonces, clock }: { readonly nonces: Nonces; readonly clock: Pick<Clock, 'now'> },
): GuestEvidence => {
  const read = parseGuestEvidence(document);
  if ('refusal' in read) {
    const { code, observed, wanted } = read.refusal;
    throw new AttestationRefused(code, `${observed}; wanted ${wanted}`, null);
  }
  const { attesterId, nonce, nonceExpiresAt: expiresAt, purpose } = read.value;
  if (attesterId !== vmId) {
    throw new AttestationRefused(
      'attester-other',
      `the evidence is of VM ${attesterId} and was sent for ${vmId}`,
      null,
    );
  }
  if (!nonces.isOurs(nonce, { attesterId: vmId, purpose, expiresAt })) {
    throw new AttestationRefused(
      'nonce-unknown',
      `this nonce was not given to this VM for ${purpose} with that expiry; ask for a challenge and answer that one`,
      0,
    );
  }
  if (clock.now() >= expiresAt) {
    throw new AttestationRefused(
      'nonce-expired',
      'the challenge has expired; ask for a new one and answer it at once',
      0,
    );
  }
  return read.value;
};
