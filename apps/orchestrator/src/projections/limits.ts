/** Rows of one answer. More are asked for with the cursor that the answer gives. */
export const listRowsMax = 1_000;
/** Two orchestrators never share a read-model file; a person with a shell may hold it for a moment. */
export const busyTimeoutMs = 2_000;
/**
 * A file of rows up to this size is read page by page for damage at each start: a second or two. A larger one would take
 * longer than a start may; a page of it that SQLite cannot read stalls its consumer by name, and a rebuild replaces it.
 */
export const checkedWholeBytesMax = 1024 ** 3;
/** Events that could not be folded are shown up to this many; all of them are counted. */
export const rebuildErrorsShown = 10;
/**
 * Events between two commits of rows while more wait in the log: some 30 MB of rows held, and a row that changes often, or
 * a page of an index that many rows are in, is written once. At the end of the log every page is committed as it comes.
 */
export const commitEventsMax = 30_000;
/** Events that a consumer hands over before it waits for a commit; those between are not waited for. */
export const batchEventsMax = 90_000;
/** Events between two hand-overs of rows to the thread that writes them. */
export const handOverEventsMax = 1_000;
/** A batch up to this, two pages, is written without that thread: it takes some 40 ms of a processor to begin. */
export const handOverAfterEvents = 2_000;
/** Hand-overs that may wait for that thread: rows that lie twice in memory, a few megabytes each. */
export const handOversMax = 2;
/** Events that are folded in one go while more wait: some ten milliseconds, after which requests get their turn. */
export const turnEventsMax = 1_000;
/** Rows that differ are named up to this many; all of them are counted. */
export const differencesShown = 20;
/** Rows of a table that are compared before others get their turn. */
export const comparedAtOnce = 1_000;
/** A rebuild that stands at the end of the log this often and is still behind gives up: the log grows faster than it reads. */
export const showAttemptsMax = 1_000;
/**
 * Events of the log that one span of the audit reaches over: what is found in it is found by reading so many at the most.
 * A minute with more has several, a row each.
 */
export const auditSpanEventsMax = 10_000;
/** Accounts and actors of the minute that is now whose spans are kept in memory from one commit to the next: 10 MB at most. */
export const auditKeysKept = 32_768;
/** Pages of its log at which SQLite tidies them into the file of rows: 16 MB, of which the disk sees one row once. */
export const walCheckpointPages = 4_000;
/** The same in bytes, with the frame around each page. */
export const walCheckpointBytes = walCheckpointPages * (4_096 + 24);
/** Of that log, what stays on disk once it is tidied. */
export const walBytesKept = 16 * 1024 * 1024;
