/** An event's data, as JSON. JetStream's default payload limit is 1 MB and the envelope needs room in it. */
export const eventDataBytesMax = 256 * 1024;
/** Each other text of an event (ids, type, actor, trace). Ours are under 100; a name that long is a mistake. */
export const eventTextCharsMax = 512;
/** Data of one page of a read of everything: 1,000 events of the largest size would be a quarter of a gigabyte. */
export const readPageBytesMax = 8 * 1024 * 1024;
/** Events of one append: one decision never makes more. */
export const appendEventsMax = 64;
/** Events of one page of a read. 1,000 rows are about 1 MB, and a tail that pages never buffers more. */
export const readPageEventsMax = 1_000;
/** A stream is folded whole; one that grows past this needs snapshots, and must say so instead of slowing down. */
export const streamEventsMax = 100_000;
/** A decision that lost a race this often is racing a crowd; the caller is told to come back. */
export const conflictRetriesMax = 3;
/** Tries of one event before a consumer parks it: enough for a lock or a blip, too few to stand still. */
export const consumerAttemptsMax = 5;
/** First pause between those tries; doubles each time. */
export const consumerRetryMs = 100;
/** Serial log that a person is shown at once. */
export const consoleBytesMax = 64 * 1024;
/** How long a read waits for its read model to reach `atLeast`. */
export const atLeastWaitMs = 5_000;
/** Longest pause of a consumer that waits for its store or bus: a healed cluster is noticed within it. */
export const consumerRetryMaxMs = 5_000;
/** Pause of one whose store has a fault that only a person ends: what they did is noticed within it. */
export const lastingRetryMs = 30_000;
/** One report or host report as JSON. The longest texts allowed in one come to under 20 kB. */
export const reportBytesMax = 64 * 1024;
/** One desired spec as JSON: 64 SSH keys of 4 kB each, and the rest. */
export const specBytesMax = 384 * 1024;
/** An answer as JSON: a serial log may need six bytes for each of its own. */
export const answerBytesMax = 6 * consoleBytesMax + 1024;
/** Events the relay publishes between two saves of its checkpoint: what is published again after a crash. */
export const relayBatchMax = 256;
/** Marks that a store without an index of time remembers: about 100 kB, and a millionth of a long log between two. */
export const instantMarksMax = 1_024;
/** Events that may stand parked in one consumer. When this many fail the fault is the consumer's, and it stands still by name. */
export const parkedMax = 10_000;
/** With so many parked, an event that fails is tried once: whatever it is, it is no blip, and thousands of pauses are hours. */
export const patienceParkedMax = 16;
/** Events that one consumer may be told to skip: each is known to it for ever, so that every rebuild skips it too. */
export const skippedMax = 10_000;
/** Tries of one parked event that are recorded. A script that retries for ever must not fill the log. */
export const parkedTriesMax = 100;
/** While a fold reads a long past it keeps a copy at this many times the usual distance: half a million events are half a minute. */
export const foldRestoringCopies = 25;
/** Parked events tried again between two pages: the other streams wait for no more than these. */
export const retriesPerStepMax = 100;
/** Beginning of a reason that is held in memory for each parked event; the event has all of it. */
export const standingReasonCharsMax = 300;
/** Streams that have grown when a head is due before its time: what is remembered of them until then is small. */
export const logHeadDueStreams = 1_000;
/** Streams that one signed head lists at most: it is due long before. */
export const logHeadStreamsMax = 10_000;
/** One signed head as a line: that many streams at some 130 characters each. */
export const logHeadBytesMax = 4 * 1024 * 1024;
/** Authorities between a TPM's certificate and its vendor's root: real chains have at most two. */
export const ekIssuersMax = 7;
/** One part of a measurement list too large for a message: with base64 and its envelope below the bus's 1 MB. */
export const imaPartBytesMax = 512 * 1024;
/** Parts of one list: 64 MiB, some 300,000 entries. */
export const imaPartsMax = 128;
/** Evidence as text: with its envelope below the bus's 1 MB. */
export const evidenceTextCharsMax = 900 * 1024;
/** A signed Attestation Result. */
export const resultCharsMax = 16_384;
/** The largest HPKE public key there is a suite for: X-Wing has 1,216 bytes. */
export const guestKeyBytesMax = 2_048;
/** A signed message of the network to a guest: a sealed answer with 64 SSH keys. */
export const networkAnswerCharsMax = 192 * 1024;
/** A guest's request to the orchestrator, or its answer, as JSON. */
export const guestRequestBytesMax = 256 * 1024;
/** A guest's evidence: a report, three certificates, a public key. */
export const guestEvidenceCharsMax = 64 * 1024;
/** One request of the attestation protocol, as JSON. */
export const attestationBytesMax = 1_000_000;
