import { createThrottle, type Throttle } from '#edge';
import { type Admit, AttestationRefused, type AttestationRequest, type Clock } from '#events';
import {
  guestRequestEveryMs,
  guestRequestsBurst,
  imaPartEveryMs,
  imaPartsBurst,
  requestEveryMs,
  requestsBurst,
  throttledMinersMax,
} from './limits.ts';

export type AdmissionParts = {
  readonly clock: Pick<Clock, 'now'>;
  /** Whether the miner is one of this network's, enrolled. Its credentials say who it is; this says that it may be here. */
  readonly isEnrolled: (minerId: string) => boolean;
};

/** Who may ask now. A miner that asks without a pause is refused before anything of its request is read, so that it costs the others nothing. */
export const createAdmission = ({ clock, isEnrolled }: AdmissionParts): Admit => {
  const keysMax = throttledMinersMax;
  const requests = createThrottle({ clock, burst: requestsBurst, everyMs: requestEveryMs, keysMax });
  const lists = createThrottle({ clock, burst: imaPartsBurst, everyMs: imaPartEveryMs, keysMax });
  const guests = createThrottle({ clock, burst: guestRequestsBurst, everyMs: guestRequestEveryMs, keysMax });
  const throttleOf = (what: AttestationRequest): Throttle => {
    if (what === 'guest-challenge' || what === 'guest-evidence') return guests;
    return what === 'ima' ? lists : requests;
  };
  return (minerId, what) => {
    if (!isEnrolled(minerId)) {
      throw new AttestationRefused('miner-not-enrolled', `miner ${minerId} has not enrolled here, or not yet`, 1_000);
    }
    const waitMs = throttleOf(what)(minerId);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      throw new AttestationRefused('throttled', `this miner asks too often; ask again in ${seconds} s`, waitMs);
    }
  };
};
