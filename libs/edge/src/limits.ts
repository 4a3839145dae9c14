/** A part that has not started by then will not: a store opens in milliseconds, a bus gets its own, named wait. */
export const partStartMs = 30_000;
/** Long enough to finish a page and a write, short enough for a service manager that kills after 30 s. */
export const partStopMs = 8_000;
/** The whole of an orderly stop, whatever its parts do. */
export const programStopMs = 25_000;
/** prlimit sets one number and ends; whoever waits longer waits for a disk. */
export const limitCommandMs = 5_000;
/** A token file holds one line. More is another file, named by mistake. */
export const secretFileBytesMax = 4_096;
/** Field errors of one refused request: enough to mend it, too few to make an answer out of noise. */
export const fieldErrorsMax = 20;
/** W3C Trace Context gives 55 characters to version 00; later versions may append. */
export const traceparentLengthMax = 128;
/** A scrape asks for one short page; whoever sends more is no scraper. */
export const metricsHeaderBytesMax = 8 * 1024;
/** Prometheus gives up after its own ten seconds. */
export const metricsTimeoutMs = 10_000;

/** How long a start waits for a NATS server that is not there yet: `hcc up` starts both at once. */
export const busWaitMs = 10_000;
export const busRetryMs = 250;
/** Between two words about a read that lasts: often enough to tell it from one that hangs. */
export const longReadEveryMs = 5_000;
/** Log lines of one turn of the event loop that wait for its end: those of some thirty requests. */
export const waitingLinesCharsMax = 8 * 1024;
