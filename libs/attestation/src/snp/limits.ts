/** Bytes of a report, no more and no fewer (AMD publication 56860, ATTESTATION_REPORT). */
export const reportBytes = 0x4a0;

/** Bytes of a report that are signed. */
export const signedBytes = 0x2a0;

/** Certificates offered beside a VEK: its issuer (ASK or ASVK), and the root (ARK). */
export const chainCertificatesMax = 2;

/** Entries of a certificate table: five kinds are known, a host may add some of its own. */
export const tableEntriesMax = 32;

/** Bytes of a certificate table. The kernel's own limit is 16 KiB; a revocation list may come with it. */
export const tableBytesMax = 1024 * 1024;

/** Bytes of an Azure HCL report: 2,600 today. */
export const hclBytesMax = 64 * 1024;

/** Good chains that are remembered by default: one per chip and firmware, some 6 KiB each. */
export const certificateVerdictsMax = 4_096;

/** Issuers that are remembered: two of each product, anew with each revocation list. */
export const issuerVerdictsMax = 64;

/** Policies name a handful of digests; more is a list of everything. */
export const policyDigestsMax = 1_024;
