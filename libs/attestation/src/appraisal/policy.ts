import { z } from 'zod';
import { type CompiledImaPolicy, compileImaPolicy } from '../ima/compiled-policy.ts';
import { type ImaPolicy, imaPolicySchema } from '../ima/policy.ts';
import { snpPolicySchema } from '../snp/policy.ts';
import { appraisalLimits as limits } from './limits.ts';
import { type EvidenceGroup, evidenceGroups } from './tier.ts';

const name = z.string().min(1).max(limits.nameCharsMax);
const bank = z.enum(['sha1', 'sha256', 'sha384', 'sha512']);
const register = z.int().min(0).max(23);
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[\\da-f]{${2 * bytes}}$`), `is ${bytes} bytes in lower-case hex`);
const fileDigest = z.string().regex(/^sha(?:1|256|384|512):(?:[\da-f]{2}){20,64}$/, 'is like sha256: and hex');
const once = <T>(list: readonly T[], key: (one: T) => string): boolean => new Set(list.map(key)).size === list.length;

/** What is asked of a quote beside its nonce and its progress, which are asked always. */
export const tpmPolicySchema = z.strictObject({
  version: z.literal(1),
  /** A TPM in software, as simulated networks have: it holds no secret from its machine. */
  simulatedTpm: z.enum(['forbidden', 'unchecked']),
  /** Registers a quote must cover. */
  pcrs: z
    .array(z.strictObject({ bank, indices: z.array(register).min(1).max(24) }))
    .min(1)
    .max(4),
  akAttributes: z.enum(['required', 'unchecked']),
  sha1: z.enum(['refused', 'allowed']),
  clockSafe: z.enum(['required', 'unchecked']),
  /** Values some registers must have; several are good at the same time, for firmware of several kinds. */
  pcrValues: z.union([
    z
      .array(z.strictObject({ bank, index: register, accepted: z.array(z.string()).min(1).max(limits.pcrValuesMax) }))
      .max(limits.pcrReferencesMax),
    z.literal('unchecked'),
  ]),
});

const launchDigest = z.strictObject({ digest: hex(48), label: name });
const agentBundle = z.strictObject({
  /** As the agent says its own version. */
  version: name,
  files: z
    .array(z.strictObject({ path: z.string().min(1).max(4_096), digest: fileDigest }))
    .min(1)
    .max(limits.agentFilesMax),
});

/**
 * An appraisal policy. Each field is required and what is not looked at says `'unchecked'`: a document with a field missing, or
 * with one more, is no policy. Reference values are in it, so that a policy's digest names everything a verdict depends on.
 */
export const appraisalPolicySchema = z.strictObject({
  version: z.literal(1),
  name,
  snp: snpPolicySchema,
  tpm: tpmPolicySchema,
  ima: imaPolicySchema,
  referenceValues: z.strictObject({
    launchDigests: z.union([
      z
        .array(launchDigest)
        .max(limits.launchDigestsMax)
        .refine((list) => once(list, ({ digest }) => digest), 'names each digest once'),
      z.literal('unchecked'),
    ]),
    /** Releases of the miner's agent; those of an update and of what it replaces are both here for a while. */
    agentBundles: z.union([
      z
        .array(agentBundle)
        .max(limits.agentBundlesMax)
        .refine((list) => once(list, ({ version }) => version), 'names each version once'),
      z.literal('unchecked'),
    ]),
  }),
  /** Groups without which a host is not believed. */
  requiredGroups: z
    .array(z.enum(evidenceGroups))
    .min(1)
    .refine((list) => once(list, (group) => group), 'names each group once'),
});

export type AppraisalPolicy = z.infer<typeof appraisalPolicySchema>;
export type TpmPolicy = z.infer<typeof tpmPolicySchema>;
export type AgentBundle = z.infer<typeof agentBundle>;

/** A policy made ready: compile it once, judge many with it. */
export interface CompiledAppraisalPolicy {
  readonly document: AppraisalPolicy;
  readonly ima: CompiledImaPolicy;
  readonly required: ReadonlySet<EvidenceGroup>;
  /** Digests of the agent's files by path, over all releases; null where they are unchecked. */
  readonly agentFiles: ReadonlyMap<string, ReadonlySet<string>> | null;
}

/** A document that is no appraisal policy; the message names the member. */
export class PolicyMalformed extends Error {
  override readonly name = 'PolicyMalformed';
}

/** Reads a policy document. Throws {@link PolicyMalformed} that names every member which is missing, unknown or wrong. */
export const readAppraisalPolicy = (document: unknown): AppraisalPolicy => {
  const parsed = appraisalPolicySchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`);
  throw new PolicyMalformed(`no appraisal policy of version 1: ${issues.slice(0, 20).join('; ')}`);
};

/** Makes a policy ready. Throws Malformed for a key in its IMA part that is none. */
export const compileAppraisalPolicy = (document: AppraisalPolicy): CompiledAppraisalPolicy => {
  const { agentBundles } = document.referenceValues;
  const agentFiles = agentBundles === 'unchecked' ? null : digestsByPath(agentBundles);
  return {
    document,
    ima: compileImaPolicy(agentFiles === null ? document.ima : withAgentFiles(document.ima, agentFiles)),
    required: new Set(document.requiredGroups),
    agentFiles,
  };
};

const digestsByPath = (bundles: readonly AgentBundle[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const byPath = new Map<string, Set<string>>();
  for (const { path, digest } of bundles.flatMap(({ files }) => files)) {
    byPath.set(path, (byPath.get(path) ?? new Set()).add(digest));
  }
  return byPath;
};

/** The agent's files are good files: who names a release need not name its digests a second time. */
const withAgentFiles = (ima: ImaPolicy, files: ReadonlyMap<string, ReadonlySet<string>>): ImaPolicy => {
  if (ima.allow === 'unchecked') return ima;
  const allow = new Map(Object.entries(ima.allow));
  for (const [path, digests] of files) allow.set(path, [...new Set([...(allow.get(path) ?? []), ...digests])]);
  return { ...ima, allow: Object.fromEntries(allow) };
};
