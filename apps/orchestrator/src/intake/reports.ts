import { createHash } from 'node:crypto';
import { type MinerId, Refusal, type VmId } from '#domain';
import type { Log } from '#edge';
import {
  type AskAnswer,
  aggregates,
  bootIdOf,
  type Clock,
  type CommandMeta,
  ConcurrencyConflict,
  type DrainWish,
  derivedUuid,
  type EventStore,
  type Handled,
  type HostReport,
  handle,
  type OrchestratorBus,
  StoreUnavailable,
  type VmReport,
} from '#events';
import type { SpecPublisher } from '../publisher/spec-publisher.ts';

export type IntakeDependencies = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly bus: Pick<OrchestratorBus, 'purgeSpec'>;
  readonly publisher: Pick<SpecPublisher, 'publish'>;
  readonly log: Log;
};

/** A report that must wait for the store comes again after this. */
const retryInMs = 1_000;

/** Miners say, we decide: a report becomes a command, and the command's stream says what it changes. */
export const takeVmReport =
  (dependencies: IntakeDependencies) =>
  async (report: VmReport, minerId: string): Promise<Handled> => {
    const { store, clock, bus, publisher, log } = dependencies;
    const { vmId, generation, agentEpoch, sequence, observation } = report;
    const commandId = derivedUuid('report', minerId, vmId, `${agentEpoch}`, `${sequence}`);
    const command = {
      type: 'ObserveVm',
      minerId: minerId as MinerId,
      generation,
      agentEpoch,
      sequence,
      observation,
      nextBootId: bootIdOf(commandId),
      now: clock.now(),
    } as const;
    try {
      const outcome = await handle({ store, clock }, aggregates.vm, vmId, command, metaOf(minerId, commandId));
      // A second "absent" answers a spec that was put again after the VM was gone: forget the subject again.
      if (observation.phase === 'absent' && outcome.events.length === 0) await bus.purgeSpec(minerId, vmId);
      return 'ack';
    } catch (error) {
      if (error instanceof Refusal && error.code === 'vm-terminated') await publisher.publish(vmId as VmId);
      return refusedOrLater(error, log, { minerId, vmId, phase: observation.phase });
    }
  };

/** What a miner wants of itself: whose it is comes from the subject that only its own credentials may use. */
export const takeDrainWish =
  ({ store, clock }: Pick<IntakeDependencies, 'store' | 'clock'>) =>
  async (minerId: string, { drain }: DrainWish): Promise<AskAnswer> => {
    const now = clock.now();
    const command =
      drain === null ? ({ type: 'UndrainMiner', now } as const) : { type: 'DrainMiner' as const, ...drain, now };
    // With the time in it: a miner may want the same again after it was undone.
    const commandId = derivedUuid('drain-wish', minerId, JSON.stringify(drain), `${now}`);
    try {
      await handle({ store, clock }, aggregates.miner, minerId, command, metaOf(minerId, commandId));
      return { ok: true, text: '' };
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, reason: error.message };
      throw error;
    }
  };

/** A host's facts and capacity, each a command on `miner-<id>`. */
export const takeHostReport =
  ({ store, clock, log }: Pick<IntakeDependencies, 'store' | 'clock' | 'log'>) =>
  async (report: HostReport, minerId: string): Promise<Handled> => {
    const { capacity, checks, ...facts } = report;
    const content = createHash('sha256').update(JSON.stringify(report)).digest('hex');
    const now = clock.now();
    const give = (step: string, command: Parameters<typeof aggregates.miner.decider.decide>[1]) => {
      // With the time in it: a host that goes back to an earlier capacity says the same again. A repeat decides nothing.
      const commandId = derivedUuid('host-report', minerId, content, step, `${now}`);
      return handle({ store, clock }, aggregates.miner, minerId, command, metaOf(minerId, commandId));
    };
    try {
      await give('attach', { type: 'AttachMiner', ...facts, now });
      await give('capacity', { type: 'DeclareCapacity', capacity, now });
      if (checks !== undefined) await give('checks', { type: 'ReportHostChecks', checks, now });
      return 'ack';
    } catch (error) {
      return refusedOrLater(error, log, { minerId });
    }
  };

const metaOf = (minerId: string, commandId: string): CommandMeta => ({
  commandId,
  actor: `miner:${minerId}`,
  correlationId: commandId,
  causationId: commandId,
  traceparent: null,
});

const refusedOrLater = (error: unknown, log: Log, about: Readonly<Record<string, string>>): Handled => {
  if (error instanceof Refusal) {
    log('info', 'report refused', { ...about, code: error.code, reason: error.message });
    return 'ack';
  }
  if (error instanceof StoreUnavailable || error instanceof ConcurrencyConflict) return { retryInMs };
  log('error', 'report failed', { ...about, reason: error instanceof Error ? error.message : String(error) });
  return { retryInMs: retryInMs * 10 };
};
