import { createHash } from 'node:crypto';
import { z } from 'zod';
import { appraisalLimits } from '../appraisal/limits.ts';
import { PolicyMalformed } from '../appraisal/policy.ts';
import { measureLimits } from '../measure/limits.ts';
import { snpPolicySchema } from '../snp/policy.ts';
import { guestLimits as limits } from './limits.ts';

const name = z.string().min(1).max(appraisalLimits.nameCharsMax);
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[\\da-f]{${2 * bytes}}$`), `is ${bytes} bytes in lower-case hex`);
const address = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const once = <T>(list: readonly T[], key: (one: T) => unknown): boolean => new Set(list.map(key)).size === list.length;

/** What a prediction needs of a firmware, so that nobody needs its file. */
const firmware = z.discriminatedUnion('kind', [
  /** What `firmwareDigest` of a simulated processor says of it. */
  z.strictObject({ kind: z.literal('simulated'), launchDigest: hex(48) }),
  /** What `measureFirmware` says of a build of OVMF, and SEV_FEATURES of each vCPU as 16 hex digits of a number. */
  z.strictObject({
    ...{ kind: z.literal('ovmf'), sha256: hex(32), launchDigest: hex(48), guestFeatures: hex(8) },
    layout: z.strictObject({
      sizeBytes: z.int().min(1).max(measureLimits.firmwareBytesMax),
      sections: z
        .array(
          z.strictObject({
            kind: z.enum(['sec-mem', 'secrets', 'cpuid', 'svsm-caa', 'kernel-hashes']),
            gpa: address,
            pages: z.int().min(1).max(measureLimits.sectionPagesMax),
          }),
        )
        .max(measureLimits.sectionsMax),
      resetEip: address,
      hashTableGpa: address.nullable(),
    }),
  }),
]);

const boot = z
  .strictObject({
    /** Of this way to start it, for people. */
    name,
    /** Rises with every boot image: a VM that was started with a higher one needs its owner's consent for this one. */
    revision: z.int().min(1),
    bootDigest: hex(32),
    kernelSha256: hex(32),
    initrdSha256: hex(32),
    firmware,
    /** What the host adds behind the command line of a VM; empty where it adds nothing. */
    cmdlineExtra: z.string().max(limits.cmdlineExtraCharsMax),
    /** As `-cpu` has it. */
    vcpuType: name,
  })
  .refine(
    (one) => one.bootDigest === bootDigestOf(one),
    'bootDigest is SHA-256 of the canonical JSON of initrd and kernel',
  );

/** SHA-256 (lower-case hex) of the canonical JSON that names a boot image's two files. */
export const bootDigestOf = (of: { readonly kernelSha256: string; readonly initrdSha256: string }): string =>
  createHash('sha256')
    .update(JSON.stringify({ initrd: of.initrdSha256, kernel: of.kernelSha256 }))
    .digest('hex');

/**
 * The policy `guest-boot`: what owners' VMs are started with, and what their evidence must show before a key is released. Each
 * field is required and what is not looked at says `'unchecked'`: a document with a field missing, or with one more, is no policy.
 */
export const guestBootPolicySchema = z.strictObject({
  version: z.literal(1),
  snp: snpPolicySchema,
  /** How long a relying party may rely on one verdict. */
  maxAgeMs: z.int().min(limits.maxAgeMinMs).max(limits.maxAgeMaxMs),
  /** Whether a key may be sealed with X25519 alone. */
  allowClassical: z.boolean(),
  /** Boot images that are good at the same time; several references of one image are several ways a host may start it. */
  boots: z
    .array(boot)
    .min(1)
    .max(limits.bootsMax)
    .refine((list) => once(list, (one) => one.name), 'names each way to start once')
    .refine(hasFewWays, `starts each boot image in at most ${limits.waysMax} ways`)
    .refine(isOneToOne, 'gives each boot image one revision, and each revision one image'),
});

export type GuestBootPolicy = z.infer<typeof guestBootPolicySchema>;
export type GuestBootReference = GuestBootPolicy['boots'][number];

function isOneToOne(list: readonly { readonly revision: number; readonly bootDigest: string }[]): boolean {
  const pairs = new Map(list.map((one) => [`${one.revision} ${one.bootDigest}`, one]));
  const images = [...pairs.values()];
  return once(images, ({ revision }) => revision) && once(images, ({ bootDigest }) => bootDigest);
}

function hasFewWays(list: readonly { readonly bootDigest: string }[]): boolean {
  const ways = Map.groupBy(list, ({ bootDigest }) => bootDigest);
  return [...ways.values()].every(({ length }) => length <= limits.waysMax);
}

/** Reads a policy document. Throws {@link PolicyMalformed} that names every member which is missing, unknown or wrong. */
export const readGuestBootPolicy = (document: unknown): GuestBootPolicy => {
  const parsed = guestBootPolicySchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`);
  throw new PolicyMalformed(`no policy guest-boot of version 1: ${issues.slice(0, 20).join('; ')}`);
};

/** What new boots are started with: the image of the highest revision, with every way a host may start it. */
export const newestGuestBoot = ({ boots }: GuestBootPolicy): readonly [GuestBootReference, ...GuestBootReference[]] => {
  const newest = Math.max(...boots.map(({ revision }) => revision));
  const [first, ...others] = boots.filter(({ revision }) => revision === newest);
  if (first === undefined) throw new Error('bug: a policy guest-boot without a boot');
  return [first, ...others];
};
