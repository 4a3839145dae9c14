import type { Metrics } from '#edge';
import { type Admit, type AttestationHandlers, AttestationRefused, type AttestationRequest } from '#events';

/** Handlers and admission whose answers are counted by request and by what they came to, and timed. */
export const counted = (
  given: { readonly handlers: AttestationHandlers; readonly admit: Admit },
  metrics: Metrics,
): { readonly handlers: AttestationHandlers; readonly admit: Admit } => {
  const count = (what: AttestationRequest, error: unknown): void =>
    metrics.count('hcc_attestation_requests_total', { what, outcome: outcomeOf(error) });
  const one =
    <Ask, Answer>(what: AttestationRequest, handle: (minerId: string, message: Ask) => Promise<Answer>) =>
    async (minerId: string, message: Ask): Promise<Answer> => {
      const end = metrics.time('hcc_attestation_request_seconds');
      try {
        const answer = await handle(minerId, message);
        count(what, null);
        return answer;
      } catch (error) {
        count(what, error);
        throw error;
      } finally {
        end({ what });
      }
    };
  const { challenge, enrol, activate, chip, ima, evidence } = given.handlers;
  return {
    admit: (minerId, what) => {
      try {
        given.admit(minerId, what);
      } catch (error) {
        count(what, error);
        throw error;
      }
    },
    handlers: {
      ...{ challenge: one('challenge', challenge), enrol: one('enrol', enrol), activate: one('activate', activate) },
      ...{ chip: one('chip', chip), ima: one('ima', ima), evidence: one('evidence', evidence) },
      'guest-challenge': one('guest-challenge', given.handlers['guest-challenge']),
      'guest-evidence': one('guest-evidence', given.handlers['guest-evidence']),
    },
  };
};

/** A code is one of ours: there are some tens. */
const outcomeOf = (error: unknown): string => {
  if (error === null) return 'done';
  return error instanceof AttestationRefused ? error.code : 'unavailable';
};
