import { z } from 'zod';
import { policyDigestsMax } from './limits.ts';

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `${bytes} bytes in lower-case hex`);
const byte = z.int().min(0).max(255);
const forbidden = z.enum(['forbidden', 'unchecked']);
const required = z.enum(['required', 'unchecked']);
const anyOf = <T extends z.ZodType>(one: T) =>
  z.union([z.array(one).min(1).max(policyDigestsMax).readonly(), z.literal('unchecked')]);

const tcbSchema = z.strictObject({
  fmc: byte.nullable(),
  bootloader: byte,
  tee: byte,
  snp: byte,
  microcode: byte,
});

/** Per product: each part at least this, or the product is refused, or its TCB is not looked at. */
const floorsSchema = z.strictObject({
  milan: z.union([tcbSchema, z.enum(['refused', 'unchecked'])]),
  genoa: z.union([tcbSchema, z.enum(['refused', 'unchecked'])]),
  turin: z.union([tcbSchema, z.enum(['refused', 'unchecked'])]),
});

/**
 * What a verified report must say beyond being genuine. Every field is required, and what is not looked at says so: a field
 * that is missing, or one that this version does not know, makes the document unreadable.
 */
export const snpPolicySchema = z.strictObject({
  version: z.literal(1),
  /** A root that speaks for software. */
  simulatedRoot: forbidden,
  /** `required`: a list within its dates. `when-present`: none is allowed, a stale one is not. */
  revocationList: z.enum(['required', 'when-present', 'unchecked']),
  reportVersionMin: z.union([z.int().min(2).max(255), z.literal('unchecked')]),
  /** A VLEK speaks for a provider's fleet, a VCEK for one chip. */
  vekKinds: anyOf(z.enum(['vcek', 'vlek'])),
  /** MASK_CHIP_KEY: the report leaves out which chip it is. */
  maskedChip: forbidden,
  /** The firmware has looked for memory that answers at two addresses. */
  aliasCheck: required,
  /** Floors of the firmware the signing key was derived for. */
  reportedTcb: floorsSchema,
  /** Floors of the firmware when the guest was launched. */
  launchTcb: floorsSchema,
  /** Committed firmware, which cannot be rolled back below. */
  firmwareMin: z.union([z.strictObject({ major: byte, minor: byte, build: byte }), z.literal('unchecked')]),
  /** Current firmware or TCB above what is committed: it can still be rolled back. */
  provisionalFirmware: forbidden,
  debug: forbidden,
  /** The guest allows a migration agent. */
  migrateMa: forbidden,
  /** The guest has one (report_id_ma is not all ones). */
  migrationAgent: forbidden,
  vmplMax: z.union([z.int().min(0).max(3), z.literal('unchecked')]),
  /** The ABI the guest demands of its firmware. */
  abiMin: z.union([z.strictObject({ major: byte, minor: byte }), z.literal('unchecked')]),
  smt: forbidden,
  cxl: forbidden,
  singleSocket: required,
  memAes256Xts: required,
  raplDis: required,
  ciphertextHidingDram: required,
  pageSwapDisable: required,
  /** Memory of the platform has error correction. */
  ecc: required,
  guestSvnMin: z.union([z.int().min(0).max(0xffff_ffff), z.literal('unchecked')]),
  familyIds: anyOf(hex(16)),
  imageIds: anyOf(hex(16)),
  idKeyDigests: anyOf(hex(48)),
  authorKeyDigests: anyOf(hex(48)),
  /** Bits that must be set, as 16 hex digits of a number, in the mitigations at launch and now; reports before version 5 fail. */
  mitigations: z.union([z.strictObject({ launchHex: hex(8), currentHex: hex(8) }), z.literal('unchecked')]),
});

export type SnpPolicy = z.infer<typeof snpPolicySchema>;
export type SnpTcbFloors = z.infer<typeof floorsSchema>;

/** What one VM's report must carry. Named for each VM by whoever started it; `'unchecked'` is for looking at a report, never for relying on one. */
export interface SnpReferences {
  readonly measurementsHex: readonly string[] | 'unchecked';
  readonly hostDataHex: string | 'unchecked';
  readonly reportDataHex: string | 'unchecked';
}

/**
 * Starting values: the firmware of the oldest reports with a finished alias check that were seen. Microcode counts anew in
 * each stepping (Milan-X, Bergamo), so that a floor for it is for an operator who knows the machines.
 */
const floors: SnpTcbFloors = {
  milan: { fmc: null, bootloader: 4, tee: 0, snp: 23, microcode: 0 },
  genoa: { fmc: null, bootloader: 9, tee: 0, snp: 23, microcode: 0 },
  turin: { fmc: 0, bootloader: 1, tee: 0, snp: 2, microcode: 0 },
};

/** The policy of a production network that names no other. */
export const defaultSnpPolicy: SnpPolicy = {
  version: 1,
  simulatedRoot: 'forbidden',
  revocationList: 'required',
  reportVersionMin: 3,
  vekKinds: ['vcek'],
  maskedChip: 'forbidden',
  aliasCheck: 'required',
  reportedTcb: floors,
  launchTcb: floors,
  firmwareMin: 'unchecked',
  provisionalFirmware: 'forbidden',
  debug: 'forbidden',
  migrateMa: 'forbidden',
  migrationAgent: 'forbidden',
  vmplMax: 0,
  abiMin: 'unchecked',
  smt: 'unchecked',
  cxl: 'unchecked',
  singleSocket: 'unchecked',
  memAes256Xts: 'unchecked',
  raplDis: 'unchecked',
  ciphertextHidingDram: 'unchecked',
  pageSwapDisable: 'unchecked',
  ecc: 'unchecked',
  guestSvnMin: 'unchecked',
  familyIds: 'unchecked',
  imageIds: 'unchecked',
  idKeyDigests: 'unchecked',
  authorKeyDigests: 'unchecked',
  mitigations: 'unchecked',
};

/** The same for a network of simulated processors. */
export const simulatedSnpPolicy: SnpPolicy = { ...defaultSnpPolicy, simulatedRoot: 'unchecked' };
