import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';

const file = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().positive() });

/** What a system VM is started from, by content: enough to compute its launch digest from. */
export const hccamManifest = z.strictObject({
  manifestVersion: z.literal(1),
  name: z.literal('hccam'),
  networkKind: z.enum(['simulated', 'production']),
  kernelRelease: z.string().min(1).max(64),
  kernel: file,
  initrd: file,
  /** Each program of the agent by its SHA-256. */
  agent: z.record(z.string(), file.shape.sha256),
});

export type HccamManifest = Readonly<z.infer<typeof hccamManifest>>;

/** The kernel command line of a network's system VM, without what emulation adds. It is measured, and it is where the
 *  agent learns which network it is of, and whether a simulated processor will do. */
export const hccamCmdline = ({
  id,
  kind,
}: {
  readonly id: string;
  readonly kind: 'simulated' | 'production';
}): string => `console=ttyS0 quiet panic=-1 net.ifnames=0 hcc.network=${id} hcc.kind=${kind}`;

/** The name of what is started, in boot specs: `sha256:` and the digest over kernel, first RAM disk and command line. */
export const hccamDigest = ({ kernel, initrd }: HccamManifest, cmdline: string): string => {
  const text = canonicalize({ kernel: kernel.sha256, initrd: initrd.sha256, cmdline });
  if (text === undefined) throw new Error('bug: no canonical form');
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
};
