import { z } from 'zod';

// Like ./views.ts: what we read of an answer, and no more; an older server may lack what is optional.
const time = z.string().max(40);
const id = z.string().max(100);
const text = z.string().max(8_000);

const imageFile = z.looseObject({ sha256: text, bytes: z.number() }).optional();

export const imageView = z.looseObject({
  digest: id,
  manifest: z.looseObject({
    name: text,
    version: text,
    architecture: text,
    sshUser: text,
    minMemoryBytes: z.number(),
    cmdline: text.optional(),
    kernel: imageFile,
    initrd: imageFile,
    rootfs: imageFile,
    verity: z.looseObject({ rootHash: text }).optional(),
    packages: z.array(z.looseObject({ name: text, version: text })).optional(),
    os: z.looseObject({ id: text, version: text }).optional(),
    inputs: z.looseObject({ kind: text, sha256: text, count: z.number() }).optional(),
  }),
  measurements: z.looseObject({ launch: text, verityRoot: text }).optional(),
  private: z.looseObject({ accountId: id, headerSha256: text, key: text }).nullish(),
  offered: z.boolean().optional(),
  retiredReason: text.nullish(),
  registeredAt: time.optional(),
  retiredAt: time.nullish(),
});
export type ImageView = z.infer<typeof imageView>;
