import { z } from 'zod';
import type { Appraisal } from './appraisal.ts';
import { appraisalLimits as limits } from './limits.ts';
import type { GroupTiers, Tier } from './tier.ts';

/**
 * The claims of an Attestation Result, after draft-ietf-rats-ear in its JSON form (eat_profile
 * `tag:github.com,2023:veraison/ear`, whose claim names relying parties and tools read today). One submodule: `host`, or `guest` of an owner's VM.
 *
 * | group    | claim of the trustworthiness vector (draft-ietf-rats-ar4si)                                       |
 * |----------|---------------------------------------------------------------------------------------------------|
 * | hardware | `hardware`: 2 genuine, 97 not recognized. `runtime-opaque`: 2 where memory is really encrypted     |
 * | launch   | `configuration`: 2 approved, 96 not acceptable; and, with ima, `executables`                       |
 * | ima      | `executables`: 2 approved at boot and since, 33 not recognized, 96 contraindicated; `file-system` alike |
 * | identity | `instance-identity`: 2 known, 97 not the one it says                                               |
 * | tpm      | `sourced-data`: 2, 32, 96; a TPM is an attester of its own, whose evidence this host brings         |
 *
 * A group that says nothing gives 0. A simulated processor encrypts nothing: its `runtime-opaque` is 0 and its platform is in
 * the private claim. Private claims stand under one name, {@link privateClaims}.
 */
export const earProfile = 'tag:github.com,2023:veraison/ear';

/** The name of our private claims, in the submodule. */
export const privateClaims = 'hcc.appraisal';

const tier = z.enum(['none', 'affirming', 'warning', 'contraindicated']);
const sha256 = z.string().regex(/^[\da-f]{64}$/);
const name = z.string().min(1).max(limits.nameCharsMax);
const trustClaim = z.int().min(-128).max(127);

const vector = z.strictObject({
  'instance-identity': trustClaim,
  configuration: trustClaim,
  executables: trustClaim,
  'file-system': trustClaim,
  hardware: trustClaim,
  'runtime-opaque': trustClaim,
  'storage-opaque': trustClaim,
  'sourced-data': trustClaim,
});

const ofBoth = {
  appraisalId: name,
  attesterId: name,
  networkId: name,
  platform: z.enum(['simulated', 'sev-snp']),
  evidenceSha256: sha256,
  nonceSha256: sha256,
  policySha256: sha256,
  groups: z.strictObject({ hardware: tier, launch: tier, tpm: tier, ima: tier, identity: tier }),
  refusals: z
    .array(z.strictObject({ group: name, code: name, observed: z.string(), wanted: z.string() }))
    .max(limits.refusalsMax),
};

const ofHost = z.strictObject({ ...ofBoth, kind: z.literal('host') });
const ofGuest = z.strictObject({
  ...ofBoth,
  kind: z.literal('guest'),
  /** What the guest asked for. A result for one purpose is of no use for another. */
  purpose: z.enum(['vm-key', 'ssh-host-key']),
  generation: z.int().min(1),
  bootId: name,
  /** SHA-256 of what the report binds: of `vm-key` the guest's public key, of `ssh-host-key` what it found inside. */
  bindingSha256: sha256,
  /** Empty where no key is agreed on. */
  suite: z.string().max(limits.nameCharsMax),
  /** Null where no report verified. */
  launchDigest: z
    .string()
    .regex(/^[\da-f]{96}$/)
    .nullable(),
  /** The miner the VM was placed on when this was judged. */
  minerId: name,
});

const submodule = <Own extends z.ZodType>(own: Own) =>
  z.strictObject({
    'ear.status': tier,
    'ear.trustworthiness-vector': vector,
    'ear.appraisal-policy-id': name,
    [privateClaims]: own,
  });

export const earSchema = z.strictObject({
  iss: name,
  sub: name,
  iat: z.int(),
  exp: z.int(),
  eat_profile: z.literal(earProfile),
  'ear.verifier-id': z.strictObject({ developer: name, build: name }),
  submods: z.union([z.strictObject({ host: submodule(ofHost) }), z.strictObject({ guest: submodule(ofGuest) })]),
});

export type AttestationResult = z.infer<typeof earSchema>;
type About<Submodules> = Omit<AttestationResult, 'submods'> & { readonly submods: Submodules };
type HostSubmodule = z.infer<ReturnType<typeof submodule<typeof ofHost>>>;
export type GuestSubmodule = z.infer<ReturnType<typeof submodule<typeof ofGuest>>>;
type TrustVector = z.infer<typeof vector>;

/** What a result says beside the appraisal. */
export interface ResultTerms {
  readonly verifier: { readonly id: string; readonly build: string };
  readonly appraisalId: string;
  readonly attesterId: string;
  readonly networkId: string;
  readonly evidenceSha256: string;
  readonly nonceSha256: string;
  readonly policy: { readonly name: string; readonly version: number; readonly sha256: string };
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** What a result on a guest says beside that. */
export type GuestTerms = Pick<
  z.infer<typeof ofGuest>,
  'purpose' | 'generation' | 'bootId' | 'bindingSha256' | 'suite' | 'minerId'
>;

/** The claims of a result on a host, ready to be signed. Times are cut to whole seconds. */
export const resultOf = (appraisal: Appraisal, terms: ResultTerms): About<{ host: HostSubmodule }> => ({
  ...envelopeOf(terms),
  submods: {
    host: { ...statusOf(appraisal, terms), [privateClaims]: { ...claimsOf(appraisal, terms), kind: 'host' } },
  },
});

/** The same of a guest: a result that is about one boot, one purpose and one binding. */
export const guestResultOf = (
  appraisal: Appraisal,
  terms: ResultTerms,
  guest: GuestTerms,
): About<{ guest: GuestSubmodule }> => {
  const { launchDigest } = appraisal.claims;
  const own = { ...claimsOf(appraisal, terms), ...guest, kind: 'guest', launchDigest } as const;
  return { ...envelopeOf(terms), submods: { guest: { ...statusOf(appraisal, terms), [privateClaims]: own } } };
};

const envelopeOf = ({ verifier, attesterId, issuedAtMs, expiresAtMs }: ResultTerms) =>
  ({
    ...{ iss: verifier.id, sub: attesterId },
    ...{ iat: Math.floor(issuedAtMs / 1000), exp: Math.floor(expiresAtMs / 1000) },
    eat_profile: earProfile,
    'ear.verifier-id': { developer: 'hcc', build: verifier.build },
  }) as const;

const statusOf = ({ tier: status, groups, platform }: Appraisal, { policy }: ResultTerms) => ({
  'ear.status': status,
  'ear.trustworthiness-vector': vectorOf(groups, platform),
  'ear.appraisal-policy-id': `policy:${policy.name}:${policy.version}`,
});

const claimsOf = ({ groups, platform, refusals }: Appraisal, terms: ResultTerms) => ({
  ...{ appraisalId: terms.appraisalId, attesterId: terms.attesterId, networkId: terms.networkId },
  ...{ platform, groups: { ...groups }, evidenceSha256: terms.evidenceSha256, nonceSha256: terms.nonceSha256 },
  policySha256: terms.policy.sha256,
  refusals: refusals.map(({ group, code, observed, wanted }) => ({ group, code, observed, wanted })),
});

/** See {@link earProfile} for what each number stands for. */
export const vectorOf = (groups: GroupTiers, platform: Appraisal['platform']): TrustVector => ({
  'instance-identity': claim(groups.identity, { warning: 32, contraindicated: 97 }),
  configuration: claim(groups.launch, { warning: 32, contraindicated: 96 }),
  executables: Math.max(
    claim(groups.launch, { warning: 33, contraindicated: 33 }),
    claim(groups.ima, { warning: 33, contraindicated: 96 }),
  ),
  'file-system': claim(groups.ima, { warning: 32, contraindicated: 96 }),
  hardware: claim(groups.hardware, { warning: 32, contraindicated: 97 }),
  'runtime-opaque': platform === 'sev-snp' ? claim(groups.hardware, { warning: 32, contraindicated: 96 }) : 0,
  'storage-opaque': 0,
  'sourced-data': claim(groups.tpm, { warning: 32, contraindicated: 96 }),
});

const claim = (of: Tier, values: { readonly warning: number; readonly contraindicated: number }): number => {
  if (of === 'none') return 0;
  return of === 'affirming' ? 2 : values[of];
};
