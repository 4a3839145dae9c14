import { z } from 'zod';
import { limits } from './limits.ts';

/** What every message carries: the protocol's version. Another version is another protocol. */
export const version = z.literal(1);

/** One round of attestation, counted by the host; an answer names the round it belongs to. */
export const exchange = z.int().nonnegative();

/** Bytes as base64, at most so many of them. */
export const base64 = (bytesMax: number) => z.base64().max(4 * Math.ceil(bytesMax / 3));

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

export const launchDigest = z.string().regex(/^[0-9a-f]{96}$/);

/** For a person: what happened, what was wanted. */
export const words = z.string().min(1).max(limits.wordsCharsMax);

export const code = z.string().regex(/^[a-z0-9-]{1,64}$/);

/** A chip's certificates, as DER or as the table a kernel gives. Whoever gave them, they prove nothing by themselves. */
export const certificates = z.union([
  z.strictObject({ table: base64(limits.certificatesBytesMax) }),
  z.strictObject({
    vek: base64(limits.certificatesBytesMax),
    ask: base64(limits.certificatesBytesMax),
    ark: base64(limits.certificatesBytesMax),
  }),
]);

/** A file of the miner's program and the SHA-256 that its measurement list must hold. */
export const bundleFile = z.strictObject({ path: z.string().min(1).max(limits.pathCharsMax), sha256: sha256Hex });
