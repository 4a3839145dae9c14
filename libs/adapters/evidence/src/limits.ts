/** One piece of evidence: a report, a quote, certificates, and a measurement list of up to 64 MiB. */
export const evidenceBytesMax = 96 * 1024 * 1024;
/** What may wait for the disk before more is refused: two lists at their largest, and all documents that are judged at once. */
export const waitingBytesMax = 256 * 1024 * 1024;
/** Pieces of one commit: all that are judged at once, a few times over. */
export const commitPiecesMax = 256;
/** A commit holds the lock of the day, and is in memory twice. */
export const commitBytesMax = 32 * 1024 * 1024;
/** How long another attestor's commit to the same day is waited for. They take milliseconds. */
export const busyTimeoutMs = 5_000;
/** Pages of 4 KiB that are logged before they are moved into the file of the day: some 16 MiB, about a thousand documents. */
export const walCheckpointPages = 4_000;
/** Nobody takes an hour to write one file. */
export const temporaryMs = 3_600_000;
/** What a note names of one kind: the ASK and the ARK of a chain, the lists of some products. */
export const namedMax = 16;
/** Digests of lists and certificates that are known to be in the file of today: of that many chips, and more are only put again. */
export const sharedMax = 4_096;
