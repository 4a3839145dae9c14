/** One piece of evidence: a report, a quote, certificates, and a measurement list of up to 64 MiB. */
export const evidenceFileBytesMax = 96 * 1024 * 1024;
/** Nobody takes an hour to write one file. */
export const temporaryMs = 3_600_000;
