/** Longest answer of one call before it is given up and its client thrown away: the largest page takes a second. */
export const callTimeoutMs = 8_000;
/** How long a call is repeated while no leader answers: past an election, short of what a person waits for. */
export const patienceMs = 10_000;
/** First pause between repeats; doubles each time. */
export const retryMs = 50;
/** Longest pause: a cluster that is back is noticed within it. */
export const retryMaxMs = 1_000;
/** Repeats of a call on one client before it is thrown away: a redirect to the leader needs the same one. */
export const redirectsMax = 2;
/** How often waiting tails read, though nothing told them to, while the server pushes to them. */
export const tailPollMs = 5_000;
/** The same while it does not. */
export const tailPollLostMs = 500;
/** Event ids remembered of the streams written or read last. About 150 bytes each. */
export const knownIdsMax = 200_000;
/** Tries to write to a small stream that others write to at the same time: more than there are replicas. */
export const racesMax = 32;
/** How long a store that closes waits for its appends: less than a program has to stop one part. */
export const closeWaitMs = 5_000;
