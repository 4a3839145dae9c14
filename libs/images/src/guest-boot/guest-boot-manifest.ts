import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.strictObject({ sha256, bytes: z.int().positive() });

/** What every owner's VM of a network is started from, by content: enough to compute launch digests from. */
export const guestBootManifest = z.strictObject({
  manifestVersion: z.literal(1),
  name: z.literal('guest-boot'),
  networkKind: z.enum(['simulated', 'production']),
  kernelRelease: z.string().min(1).max(64),
  kernel: file,
  initrd: file,
  /** Each program of the agent, and the Node that runs it, by its SHA-256. */
  agent: z.record(z.string(), sha256),
  node: sha256,
  /** The Debian packages everything else is from, sorted by name. */
  packages: z.array(z.strictObject({ name: z.string(), version: z.string(), sha256 })).max(64),
});

export type GuestBootManifest = Readonly<z.infer<typeof guestBootManifest>>;

/** The name of a boot image in boot specs and in the cache: 64 hex digits over kernel and first RAM disk. */
export const guestBootDigest = ({ kernel, initrd }: Pick<GuestBootManifest, 'kernel' | 'initrd'>): string => {
  const text = canonicalize({ kernel: kernel.sha256, initrd: initrd.sha256 });
  if (text === undefined) throw new Error('bug: no canonical form');
  return createHash('sha256').update(text).digest('hex');
};
