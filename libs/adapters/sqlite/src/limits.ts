/**
 * A file up to this size is read page by page for damage whenever it is opened for writing: a second or two. A larger one (ten
 * million events are 7 GB) would take longer than a start may; `hcc verify-log` reads it.
 */
export const checkedWholeBytesMax = 1024 ** 3;
/** How long SQLite waits for another process's write. Ours take milliseconds; five seconds is a stuck process. */
export const busyTimeoutMs = 5_000;
/** Newest events that are kept parsed for all who follow the log. At their largest that is 64 MiB. */
export const newestEventsMax = 256;
/** Pages of history kept for consumers that read it side by side; each is 8 MiB at most, and about 1 as a rule. */
export const historyPagesMax = 4;
/**
 * Tails are woken at once, and then not again for this long; longer for each event that the last wake was for, because a
 * dozen consumers that each wake, read and commit for three events take more than the events do. So fewer than 500 events a
 * second are seen as soon as ever, and under load what was just written is shown within a twentieth of a second.
 */
export const wakePauseMs = 4;
export const wakePausePerEventMs = 2;
export const wakePauseMaxMs = 50;
/** How often a waiting tail looks for writes of other processes, when no nudge came. A person does not notice it. */
export const tailPollMs = 200;
/** Writes that may wait for the disk before new ones are refused: a second or so of what it can take. */
export const pendingWritesMax = 20_000;
/** Characters of event data that may wait with them. */
export const pendingCharsMax = 64 * 1024 * 1024;
/** Writes of one turn that are handed over without waiting for its end: the thread writes them while we prepare more. */
export const batchWrites = 64;
/** Writes of one commit, give or take a batch: other processes wait that long for their turn. */
export const groupWritesMax = 1_024;
/**
 * Pages (4 KiB) of write-ahead log before they are moved into the file. Four times SQLite's default: random event ids
 * touch the same index pages again and again, and each is then moved once. A crash leaves at most some 16 MiB to replay.
 */
export const walCheckpointPages = 4_000;
/** The write-ahead log is cut back to this after a burst. */
export const walBytesKept = 64 * 1024 * 1024;
/** Streams whose last revision the writer remembers instead of looking it up. About 200 bytes each. */
export const streamHeadsMax = 10_000;
/** Free space below which a failed write is called a full disk, whatever SQLite says: it cannot even grow its index. */
export const diskFullBytes = 64 * 1024;
/**
 * Rows of the log fetched together: at the largest events 64 MB, of which a page keeps its 8. One at a time each crosses
 * into the driver for itself, which takes a third longer.
 */
export const rowsAtOnce = 256;
