import { AttestationRefused, type Clock } from '#events';
import type { Nonces, NonceTerms } from './nonces.ts';

export type ChallengeParts = { readonly nonces: Nonces; readonly clock: Pick<Clock, 'now'> };

/**
 * Refuses what is no answer to a challenge that this network gave on these very terms and that is still open. Costs one HMAC and
 * reads nothing, so that it comes before anything else that is done for who asks. Throws AttestationRefused.
 */
export const checkOpen = ({ nonces, clock }: ChallengeParts, nonce: Uint8Array, terms: NonceTerms): void => {
  if (!nonces.isOurs(nonce, terms)) {
    throw new AttestationRefused(
      'nonce-unknown',
      `this nonce was not given to ${terms.attesterId} for ${terms.purpose} with that expiry; ask for a challenge and answer that one`,
      0,
    );
  }
  if (clock.now() >= terms.expiresAt) {
    throw new AttestationRefused(
      'nonce-expired',
      'the challenge has expired; ask for a new one and answer it at once',
      0,
    );
  }
};
