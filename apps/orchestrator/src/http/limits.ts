/** A VM request is under 2 KiB, an image manifest under 8; 256 KiB is an event's own limit. */
export const bodyBytesMax = 256 * 1024;
/** A client that needs longer to send 256 KiB is not one. */
export const requestTimeoutMs = 30_000;
/** Longer than the keep-alive of common proxies, so that they close first. */
export const keepAliveTimeoutMs = 72_000;
/** A fingerprint with every character escaped is 150 long. */
export const pathParameterLengthMax = 300;
/** A silent connection is cut by proxies after 30 to 60 s. */
export const heartbeatMs = 10_000;
/** Each follower holds a connection and pages of the log. */
export const followersMax = 1_000;
/** Of one account or token: a hundred screens per person is no use, and nobody may take all of them. */
export const followersPerAccountMax = 100;
/** Streams of which one follower remembers whether it may read them: an owner's own, and what others do meanwhile. */
export const followedStreamsMax = 10_000;
/** Streams and events that one answer of a list of the past folds: some tenths of a second. It goes on by `next`. */
export const pastListStreamsMax = 200;
export const pastListEventsMax = 20_000;
/** Callers whose requests are counted at once; the one that was silent longest is forgotten first. */
export const rateKeysMax = 10_000;
/** Events of one page of a stream when none is asked for. */
export const streamPageEvents = 200;
/** Bytes of the console when none are asked for: a few screens. */
export const consoleBytes = 16 * 1024;
/** Events one answer about the difference of two moments lists: more than a person reads. All of them count. */
export const diffEventsMax = 1_000;
/** A VM names at most the keys its account may have; the schema stops a longer list before it is looked up. */
export const fingerprintsMax = 64;
/** Events that one answer of the audit looks through before it answers what it has: some tenths of a second. */
export const auditScanEventsMax = 50_000;
/** Minutes of the audit that are asked for at once. */
export const auditSpansAtOnce = 64;
/** Miners named as evidence of a why-not: the counts are of all of them, and nobody reads more lines. */
export const whyNotMinersMax = 100;
/** Files of images sent at once: a fleet that starts anew takes turns, and the log keeps its disk. */
export const imageStreamsMax = 64;
/** A miner that takes no byte for this long is gone, or somebody who only holds the place. */
export const imageStallMs = 60_000;
/** Appraisals of one page when none are asked for, and at the most: each may say what is wrong in 32 lines. */
export const appraisalsShown = 20;
export const appraisalsMax = 200;
