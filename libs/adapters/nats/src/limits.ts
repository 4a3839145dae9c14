/** One attempt of a JetStream publish. A live server acknowledges within milliseconds. */
export const publishTimeoutMs = 2_000;
/** How long a publish is repeated (same message id) before its caller is told. Past the 6 s gap of a cluster's failover. */
export const publishBudgetMs = 15_000;
/** Publishes sent and not yet acknowledged: fills the round trip without filling memory (256 events of 256 kB are 64 MB). */
export const publishInFlightMax = 256;
/** First pause before an attempt is repeated; doubles up to the second figure. */
export const retryFirstMs = 50;
export const retryMaxMs = 1_000;

/** A delivered message not settled by then is delivered again. A crashed reader costs this much; a live one says it is working. */
export const ackWaitMs = 10_000;
/** How often a held message is said to be worked on: three chances within {@link ackWaitMs}. */
export const progressEveryMs = 3_000;
/** When a handler threw, its message comes back after this. */
export const handlerRetryMs = 1_000;
/** Reports handled at once: enough to fill a group commit, few enough to be settled well within {@link ackWaitMs}. */
export const reportsInFlightMax = 16;
/** Specs handled at once by one miner. */
export const specsInFlightMax = 16;
/** Messages delivered and not settled. Those put off (nak with a delay) count, so it is more than any miner's VMs. */
export const ackPendingMax = 4_096;
/** One pull for reports stays open this long. */
export const fetchExpiresMs = 10_000;
/** Reader and server know of each other's death after two of these. */
export const heartbeatMs = 2_000;
/** A miner that misses its consumer's heartbeats this often in a row asks for the consumer to be made anew. */
export const heartbeatsMissedMax = 3;

/** A question to a miner or to the orchestrator. */
export const requestTimeoutMs = 5_000;
/**
 * Races of {@link OrchestratorBus.putSpec}: of a VM's first spec with any other that is put at that moment, of a later one
 * with its own. The writers are a replica's publisher and its repair, and those of a stale lease holder.
 */
export const putAttemptsMax = 16;

/** How long EVENTS remembers message ids: longer than any restart of the relay, so that a repeat is stored once. */
export const duplicateWindowMs = 10 * 60_000;
/** EVENTS is a copy for consumers outside; the oldest go first. */
export const eventsBytesMax = 1024 ** 3;
/** Largest message of any stream, headers included: an event's data of 256 kB, or a spec, in its envelope. */
export const messageBytesMax = 512 * 1024;

/** Pause before a lost server is tried again, with as much again at random, so that miners do not come back in step. */
export const reconnectEveryMs = 250;
export const connectTimeoutMs = 5_000;
/** A silent connection is noticed after two pings. */
export const pingEveryMs = 10_000;
/** How long a closing bus waits for what it sent to be taken. */
export const closeGraceMs = 2_000;

/** A started server says it is ready within tens of milliseconds; recovering a large store takes longer. */
export const serverReadyMs = 20_000;
export const serverPollMs = 20;
/** How long a server may take to stop before it is killed. */
export const serverStopMs = 10_000;
/** The server's log file is rotated at this size; so many old ones are kept. */
export const serverLogBytesMax = 8 * 1024 * 1024;
export const serverLogFilesMax = 3;
/** Log shown when a server dies at start. */
export const serverLogLinesShown = 8;
export const serverLogTailBytes = 16 * 1024;
/** All of JetStream on this server. Given, because the default is three quarters of whatever the disk has free. */
export const storeBytesMax = 8 * 1024 ** 3;

/** What one miner may hold open: its work, its calls, its inbox, and room for a second connection's. */
export const minerSubscriptionsMax = 64;
/** How long the answer to a request may take before the right to answer lapses. */
export const answerWithinMs = 30_000;

/** A request of an attester: verifying evidence may wait behind others, and a list of 64 MiB takes a second to hash. */
export const attestTimeoutMs = 20_000;
