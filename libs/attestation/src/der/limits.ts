/** Sequences inside sequences. A certificate or a revocation list has nine at most; the reader recurses nowhere, its callers do. */
export const depthMax = 16;

/** Bytes of one certificate. AMD's are below 2 KiB, endorsement key certificates with long names below 4. */
export const certificateBytesMax = 16 * 1024;

/** Extensions of one certificate: AMD's end-entity ones have twelve. */
export const extensionsMax = 64;

/** Attributes of one name. */
export const nameAttributesMax = 32;

/** Bytes of one serial number (RFC 5280 allows 20). */
export const serialBytesMax = 20;

/** Bytes of one revocation list: AMD's name a few intermediates; a list of 10,000 serials fits. */
export const revocationListBytesMax = 512 * 1024;
