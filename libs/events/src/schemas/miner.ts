import { z } from 'zod';
import type { HostCheck, MinerEvent } from '#domain';
import { tier } from './appraisal.ts';
import { count, instant, minerId, sha256Hex, shortText, size, vmId } from './values.ts';
import type { EventSchemas } from './vm.ts';

export const accelerator = z.enum(['kvm', 'tcg']);
export const platform = z.enum(['none', 'simulated', 'sev-snp']);

/** A user nkey: `U` and 55 base32 characters. */
export const natsPublicKey = z.string().regex(/^U[A-Z2-7]{55}$/, 'expected a NATS user public key (U...)');

export const hostFacts = {
  agentEpoch: count,
  agentVersion: shortText,
  hostBootId: shortText,
  accelerator,
  platform,
  cpuModel: shortText,
};

/** A host's checks: there are about thirty; what is more is a mistake. */
export const hostChecks: z.ZodType<readonly HostCheck[]> = z
  .array(
    z.strictObject({
      code: z.string().regex(/^HCC-[A-Z][A-Za-z0-9_-]{1,40}$/, 'expected a code such as HCC-H003'),
      name: shortText,
      status: z.enum(['PASS', 'FAIL', 'WARN', 'SKIP']),
      observed: shortText,
      wanted: shortText,
      fix: shortText.nullable(),
    }),
  )
  .max(64);

const appraisalId = z.uuid().lowercase();
export const proposalId = z.uuid().lowercase();
export const slashingGround = z.enum(['tpm-failure', 'ima-mismatch', 'hardware-failure']);
export const slashingOutcome = z.enum(['upheld', 'withdrawn']);

/** Stored form, version 1, of every event on `miner-<id>`. */
export const minerEvents = {
  MinerInvited: z.strictObject({ minerId, name: shortText, joinTokenSha256: sha256Hex, expiresAt: instant }),
  MinerEnrolled: z.strictObject({ natsPublicKey }),
  MinerAttached: z.strictObject(hostFacts),
  CapacityDeclared: z.strictObject({ capacity: size }),
  AllocationReserved: z.strictObject({ vmId, generation: count, size }),
  AllocationRefused: z.strictObject({ vmId, generation: count, code: shortText, free: size, wanted: size }),
  AllocationReleased: z.strictObject({ vmId, generation: count, reason: shortText }),
  MinerLost: z.strictObject({ lastSeenAt: instant, missedBeats: count }),
  MinerReturned: z.strictObject({}),
  HostChecked: z.strictObject({ checks: hostChecks }),
  MinerDrainStarted: z.strictObject({ reason: shortText, deadlineAt: instant.nullable() }),
  MinerDrained: z.strictObject({}),
  MinerUndrained: z.strictObject({}),
  MinerTrustChanged: z.strictObject({ tier, appraisalId, appraisedAt: instant }),
  SlashingProposed: z.strictObject({
    proposalId,
    ground: slashingGround,
    appraisalId,
    needsCorroboration: z.boolean(),
  }),
  SlashingAppealed: z.strictObject({ proposalId, reason: shortText }),
  SlashingDecided: z.strictObject({ proposalId, outcome: slashingOutcome, reason: shortText }),
} satisfies EventSchemas<MinerEvent>;
