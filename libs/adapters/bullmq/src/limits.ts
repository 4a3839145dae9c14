/** How long a start waits for a Redis that is not there yet, or still loads its file. */
export const redisWaitMs = 10_000;
export const redisRetryMs = 250;
export const connectTimeoutMs = 2_000;
/** A command that has no answer by then has none: a Redis that hangs is as lost as one that is gone. */
export const commandTimeoutMs = 5_000;
/** Pause before a lost connection is tried again: short at first, then as often as a person would look. */
export const reconnectFirstMs = 100;
export const reconnectMaxMs = 2_000;

/** When nothing changes, how often it is asked whether Redis still has our timers; also how late a timer is without Redis. */
export const sweepMs = 2_000;
/** A timer this late, although Redis answers, is called here: something between lost it. Longer than {@link lockMs} twice. */
export const overdueMs = 30_000;
/** A process that died in a call is noticed after this; a live one says twice in that time that it works. */
export const lockMs = 10_000;

/** A timer whose call failed comes again after this; the pause doubles up to the second figure. */
export const retryFirstMs = 1_000;
export const retryMaxMs = 60_000;
/** Calls of one timer before Redis forgets it: two years of a call a minute. The sweep would find it again even then. */
export const attemptsMax = 1_000_000;
/** Calls at once in one process: enough to fill a group commit of the store. */
export const callsInFlightMax = 16;
/** Timers in one command to Redis: it serves nobody else meanwhile. */
export const chunkTimers = 500;
/** Redis keeps a record of what jobs did for whoever watches; nobody does. */
export const watchedEventsMax = 100;
/** How long a stop waits for an orderly goodbye to Redis once our own calls have ended. */
export const closeMs = 2_000;
