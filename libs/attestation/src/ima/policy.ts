import { z } from 'zod';
import { bankBytes, isBank } from './banks.ts';
import { limits } from './limits.ts';
import { compilePattern } from './pattern.ts';

/** `sha256:` and lower-case hex of that length. */
const digest = z
  .string()
  .max(limits.digestFieldBytesMax * 2)
  .refine((text) => {
    const [algorithm = '', hex = '', ...more] = text.split(':');
    return more.length === 0 && isBank(algorithm) && hex.length === 2 * bankBytes[algorithm] && /^[0-9a-f]+$/.test(hex);
  }, 'a digest is sha1:, sha256:, sha384: or sha512: and its lower-case hex');

const digests = z.array(digest).max(limits.digestsPerPathMax);
const path = z.string().min(1).max(limits.pathBytesMax);

/**
 * Which paths a rule is about. `path` is one whole path. `under` is a directory: everything below it, at any depth, and
 * nothing that merely begins alike (`/tmp` is about `/tmp/x` and not about `/tmpfoo`). `pattern` must match the whole path,
 * from its first to its last character; what may stand in it is said at `compilePattern`.
 */
const pathRule = z.union([
  z.strictObject({ path }),
  z.strictObject({ under: path.refine((text) => text.startsWith('/'), 'begins with "/"') }),
  z.strictObject({ pattern: z.string().min(1).max(limits.patternCharsMax).superRefine(checkPattern) }),
]);

const rules = ['reject', 'exclude', 'signature', 'allow'] as const;

/** The part of an appraisal policy that is about measurement lists. Each field is required; what is not looked at says so. */
export const imaPolicySchema = z.strictObject({
  version: z.literal(1),
  /** Banks of PCR 10, one of which must be quoted. */
  banks: z.array(z.enum(['sha1', 'sha256', 'sha384', 'sha512'])).min(1),
  /** `padded-sha1` also takes banks as kernels before 5.8 extended them: such a bank is only as strong as SHA-1. */
  extension: z.enum(['per-bank', 'padded-sha1']),
  bootAggregate: z.enum(['required', 'unchecked']),
  /** Files that changed while they were measured. Nothing else is asked about such an entry. */
  violations: z.enum(['refuse', 'warn', 'accept']),
  /** Entries after the quoted prefix. */
  notYetAttestedMax: z.union([z.int().min(0), z.literal('unchecked')]),
  /** The first rule that decides an entry, does. All four, in any order. */
  order: z
    .array(z.enum(rules))
    .length(rules.length)
    .refine((order) => new Set(order).size === rules.length, 'names each rule once'),
  /** Files that are refused although another rule would take them: signed, but old. */
  rejects: z
    .array(
      z.strictObject({ paths: z.union([pathRule, z.literal('any')]), digests: z.union([digests, z.literal('any')]) }),
    )
    .max(limits.patternsMax),
  /** Paths that nobody asks about. */
  excludes: z.array(pathRule).max(limits.patternsMax),
  /** Keys whose signature makes a file good: PEM, public keys or certificates. */
  signatures: z.union([
    z.literal('unchecked'),
    z.strictObject({
      keys: z.array(z.string().max(limits.certificateBytesMax)).max(limits.trustedKeysMax),
      /** What a signature by such a key that does not hold means: refused, or left to the rules after it. */
      bad: z.enum(['refuse', 'next-rule']),
    }),
  ]),
  /** Digests by whole path. A file may have several, so that an update and what it replaces are both good for a while. */
  allow: z.union([z.literal('unchecked'), z.record(path, digests)]),
  /** A file that no rule knows. One whose path is known and whose digest is another is refused always. */
  unknownFiles: z.enum(['refuse', 'warn']),
  /** Keys that may be loaded on a keyring, by digest; `trust` says whether they then sign files. */
  keyrings: z.record(path, z.strictObject({ digests, trust: z.enum(['file-signatures', 'nothing']) })),
  /** Other buffers the kernel measures, such as `kexec-cmdline`, by name. */
  buffers: z.union([z.literal('unchecked'), z.record(path, digests)]),
});

export type ImaPolicy = z.infer<typeof imaPolicySchema>;
export type ImaPathRule = z.infer<typeof pathRule>;
export type ImaRule = (typeof rules)[number];

function checkPattern(source: string, context: z.core.$RefinementCtx<string>): void {
  try {
    compilePattern(source);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
}
