import { type GuestEvidence, parseGuestEvidence } from '#attestation';
import { AttestationRefused } from '#events';
import { type ChallengeParts, checkOpen } from '../challenges/open-challenge.ts';

/**
 * The evidence, if it answers a challenge that this network gave for this very VM and purpose and that is still open. Throws
 * AttestationRefused otherwise; nothing is recorded of it then.
 */
export const guestAnswering = (vmId: string, document: Uint8Array, parts: ChallengeParts): GuestEvidence => {
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
  checkOpen(parts, nonce, { attesterId: vmId, purpose, expiresAt });
  return read.value;
};
