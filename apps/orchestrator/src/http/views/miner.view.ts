import { z } from 'zod';
import { type Drain, eligibilityOf, type Miner, type UnixMs } from '#domain';
import { accelerator, instant, isoTime, minerId, platform, size, vmId } from '#events';
import type { AttestationRow } from '../../projections/attestations.projection.ts';
import { minerStatuses, minerStatusOf } from '../../projections/miner-status.ts';
import type { MinerRow } from '../../projections/miners.projection.ts';
import { asOf } from '../schemas/moments.ts';
import { freshness, freshnessView } from './attestation.view.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

/** When a miner was last heard, by its heartbeats; `null` when this process has heard none. */
export type LastSeen = (minerId: string) => UnixMs | null;

export const minerStatus = z.enum(minerStatuses);

const drainAnswer = z.strictObject({
  state: z.enum(['draining', 'drained']).describe('drained: nothing of any VM is left on it'),
  reason: z.string(),
  deadlineAt: instant.nullable(),
  vmsLeft: z.int(),
});

export const minerAnswer = z
  .strictObject({
    minerId,
    name: z.string(),
    status: minerStatus,
    statusText: z.string().describe('The status as a sentence'),
    eligible: z.boolean().describe('Whether VMs may be placed on it, if they fit'),
    ineligibleCode: z.string().nullable().describe('Why not, in one stable word'),
    eligibilityText: z.string().describe('The same as a sentence'),
    drain: drainAnswer.nullable().describe('Set while nothing new is placed on it'),
    accelerator: accelerator.nullable(),
    platform: platform.nullable(),
    cpuModel: z.string().nullable(),
    agentVersion: z.string().nullable(),
    agentEpoch: z.int().nullable().describe("Rises with every life of the miner's agent"),
    capacity: size,
    reserved: size,
    vms: z.array(vmId).describe('VMs that hold a part of the capacity'),
    attestation: z.strictObject(freshness).describe('How its host was judged last'),
    score: z
      .int()
      .nullable()
      .describe('Reputation in parts of a million; null in the past, where its own route has it'),
    lastSeenAt: instant.nullable().describe('Its newest heartbeat; null when this server has heard none'),
    invitedAt: instant,
    attachedAt: instant.nullable(),
    stale: staleAnswer.nullable(),
    asOf: asOf.optional(),
  })
  .meta({ id: 'Miner' });

/** What a miner's view takes from its attester and its reputation. */
export type MinerTrust = { readonly row: AttestationRow | null; readonly score: number | null; readonly at: UnixMs };

/** A miner as operators see it. `lastSeenAt` is the newest heartbeat, which no event records. */
export const minerView = (
  { miner, invitedAt, attachedAt }: MinerRow,
  lastSeenAt: UnixMs | null,
  stale: StaleView,
  trust: MinerTrust,
): z.input<typeof minerAnswer> => ({
  minerId: miner.minerId,
  name: miner.name,
  status: minerStatusOf(miner),
  statusText: statusText(miner),
  ...eligibilityView(miner),
  drain: miner.drain === null ? null : drainView(miner.drain, miner.allocations.size),
  accelerator: miner.attachment?.accelerator ?? null,
  platform: miner.attachment?.platform ?? null,
  cpuModel: miner.attachment?.cpuModel ?? null,
  agentVersion: miner.attachment?.agentVersion ?? null,
  agentEpoch: miner.attachment?.agentEpoch ?? null,
  capacity: miner.capacity,
  reserved: miner.reserved,
  vms: [...miner.allocations.keys()],
  attestation: freshnessView(trust.row, trust.at),
  score: trust.score,
  lastSeenAt: lastSeenAt === null ? null : isoTime(lastSeenAt),
  invitedAt,
  attachedAt,
  stale,
});

const eligibilityView = (miner: Miner) => {
  const found = eligibilityOf(miner);
  const { eligible, text } = found;
  return { eligible, ineligibleCode: found.eligible ? null : found.code, eligibilityText: text };
};

const drainView = ({ isDone, reason, deadlineAt }: Drain, vmsLeft: number): z.input<typeof drainAnswer> => ({
  state: isDone ? 'drained' : 'draining',
  reason,
  deadlineAt: deadlineAt === null ? null : isoTime(deadlineAt),
  vmsLeft,
});

const statusText = (miner: Miner): string => {
  switch (minerStatusOf(miner)) {
    case 'invited':
      return `its join token may be used until ${isoTime(miner.joinExpiresAt)}`;
    case 'enrolled':
      return 'it has credentials; its agent has not come';
    case 'lost':
      return `not heard since ${miner.lost === null ? 'it was lost' : isoTime(miner.lost.lastSeenAt)}; its VMs wait for it`;
    case 'attached':
      return 'its agent is attached';
  }
};
