import { z } from 'zod';
import { instant, minerId, natsPublicKey, sha256Hex } from '#events';

export const minerPath = z.strictObject({ minerId });
export const newMiner = z.strictObject({
  minerId,
  name: z.string().min(1).max(200),
  joinTokenSha256: sha256Hex,
  expiresAt: instant,
});
export const enrolment = z.strictObject({ natsPublicKey });
