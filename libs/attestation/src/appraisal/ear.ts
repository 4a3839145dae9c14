import { z } from 'zod';
import type { HostAppraisal } from './appraise-host.ts';
import { appraisalLimits as limits } from './limits.ts';
import type { GroupTiers, Tier } from './tier.ts';

/**
 * The claims of an Attestation Result, after draft-ietf-rats-ear in its JSON form (eat_profile
 * `tag:github.com,2023:veraison/ear`, whose claim names relying parties and tools read today). One submodule, `host`.
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

const own = z.strictObject({
  appraisalId: name,
  attesterId: name,
  networkId: name,
  kind: z.enum(['host', 'guest']),
  platform: z.enum(['simulated', 'sev-snp']),
  evidenceSha256: sha256,
  nonceSha256: sha256,
  policySha256: sha256,
  groups: z.strictObject({ hardware: tier, launch: tier, tpm: tier, ima: tier, identity: tier }),
  refusals: z
    .array(z.strictObject({ group: name, code: name, observed: z.string(), wanted: z.string() }))
    .max(limits.refusalsMax),
});

export const earSchema = z.strictObject({
  iss: name,
  sub: name,
  iat: z.int(),
  exp: z.int(),
  eat_profile: z.literal(earProfile),
  'ear.verifier-id': z.strictObject({ developer: name, build: name }),
  submods: z.strictObject({
    host: z.strictObject({
      'ear.status': tier,
      'ear.trustworthiness-vector': vector,
      'ear.appraisal-policy-id': name,
      [privateClaims]: own,
    }),
  }),
});

export type AttestationResult = z.infer<typeof earSchema>;
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

/** The claims of a result on a host, ready to be signed. Times are cut to whole seconds. */
export const resultOf = (appraisal: HostAppraisal, terms: ResultTerms): AttestationResult => {
  const { verifier, policy, issuedAtMs, expiresAtMs, appraisalId, attesterId, networkId } = terms;
  const { groups, platform, refusals } = appraisal;
  return {
    ...{ iss: verifier.id, sub: attesterId },
    ...{ iat: Math.floor(issuedAtMs / 1000), exp: Math.floor(expiresAtMs / 1000) },
    eat_profile: earProfile,
    'ear.verifier-id': { developer: 'hcc', build: verifier.build },
    submods: {
      host: {
        'ear.status': appraisal.tier,
        'ear.trustworthiness-vector': vectorOf(groups, platform),
        'ear.appraisal-policy-id': `policy:${policy.name}:${policy.version}`,
        [privateClaims]: {
          ...{ appraisalId, attesterId, networkId, kind: 'host', platform, groups: { ...groups } },
          ...{ evidenceSha256: terms.evidenceSha256, nonceSha256: terms.nonceSha256, policySha256: policy.sha256 },
          refusals: refusals.map(({ group, code, observed, wanted }) => ({ group, code, observed, wanted })),
        },
      },
    },
  };
};

/** See {@link earProfile} for what each number stands for. */
export const vectorOf = (groups: GroupTiers, platform: HostAppraisal['platform']): TrustVector => ({
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
