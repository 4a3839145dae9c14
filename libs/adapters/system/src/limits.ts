/** A timer whose call failed comes again after this; the pause doubles up to the second figure. */
export const timerRetryFirstMs = 1_000;
/** A lost store is back within minutes or hours; asking once a minute costs nothing and is late by at most that. */
export const timerRetryMaxMs = 60_000;
