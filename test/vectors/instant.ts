import { z } from 'zod';
import { Malformed, readCertificate } from '#attestation';

/** When a row is to be judged: a time with or without an offset, or a day, which begins in UTC. */
export const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** Unix milliseconds to judge a row at. One that names no instant is judged when the youngest of its certificates began. */
export const judgedAtMs = (
  verifyAt: z.infer<typeof instant> | null | undefined,
  certificates: readonly Uint8Array[],
): number => (verifyAt == null ? Math.max(0, ...certificates.map(beginningMs)) : Date.parse(verifyAt));

/** A certificate that cannot be read is for the verification to refuse, and says nothing of when. */
const beginningMs = (der: Uint8Array): number => {
  try {
    return readCertificate(der).notBeforeMs;
  } catch (error) {
    if (error instanceof Malformed) return 0;
    throw error;
  }
};
