import { z } from 'zod';
import { bankBytes, imaBanks } from './banks.ts';
import type { ImaBank, ImaProgress, ImaReplay } from './claims.ts';
import { limits } from './limits.ts';

const hexOf = (bank: ImaBank) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bankBytes[bank]}}$`));

const point = z.strictObject({
  entries: z.int().min(0),
  replay: z.strictObject({
    sha1: hexOf('sha1').optional(),
    sha256: hexOf('sha256').optional(),
    sha384: hexOf('sha384').optional(),
    sha512: hexOf('sha512').optional(),
  }),
});

/** What a store gives back as an {@link ImaProgress}. Refuses anything else: it is what the next round begins from. */
export const imaProgressSchema = z.strictObject({
  version: z.literal(1),
  extension: z.enum(['per-bank', 'padded-sha1']),
  attested: point,
  seen: point,
  loadedKeys: z
    .array(z.strictObject({ keyring: z.string(), index: z.int().min(0), certificate: z.base64() }))
    .max(limits.loadedKeysMax),
});

/** Whether what is replayed now is what was remembered: in every bank of both, and at least in one. */
export const sameReplay = (remembered: ImaReplay, now: ImaReplay): boolean => {
  const both = imaBanks.filter((bank) => remembered[bank] !== undefined && now[bank] !== undefined);
  return both.length > 0 && both.every((bank) => remembered[bank] === now[bank]);
};

/** Entries from which the next list may be sent: `progress.attested.entries`, or 0 for the whole of it. */
export const nextImaEntry = (progress: ImaProgress): number => progress.attested.entries;
