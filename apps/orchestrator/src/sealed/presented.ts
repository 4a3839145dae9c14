import { createHash } from 'node:crypto';
import { bootBinding, type GuestResult } from '#attestation';
import { type BootFacts, GuestRefused } from '#events';

/** What a guest hands over with its Attestation Result. */
export type Presented = { readonly vmId: string; readonly nonce: string } & (
  | { readonly purpose: 'vm-key'; readonly guestKey: Uint8Array }
  | { readonly purpose: 'ssh-host-key'; readonly boot: BootFacts }
);

/**
 * Holds what was handed over against the signed result: it must be about this VM on this miner, for this purpose, over this
 * nonce, and bind exactly these bytes. Throws GuestRefused `result-other`, which names the first thing that differs.
 */
export const assertPresented = (result: GuestResult, minerId: string, given: Presented): void => {
  demand('VM', result.attesterId, given.vmId);
  demand('miner', result.minerId, minerId);
  demand('purpose', result.purpose, given.purpose);
  demand('nonce', result.nonceSha256, sha256(Buffer.from(given.nonce, 'base64')));
  const binding = given.purpose === 'vm-key' ? given.guestKey : bootBinding(given.boot);
  demand('binding', result.bindingSha256, sha256(binding));
};

const demand = (what: string, observed: string, wanted: string): void => {
  if (observed === wanted) return;
  const detail = `the attestation result is about another ${what}: it says ${observed}, presented was ${wanted}`;
  throw new GuestRefused('result-other', detail, null);
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
