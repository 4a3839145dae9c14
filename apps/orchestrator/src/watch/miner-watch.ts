import type { MinerCommand, MinerId, UnixMs } from '#domain';
import type { Log } from '#edge';
import { aggregates, type Clock, derivedUuid, type EventStore, handle, type OrchestratorBus } from '#events';
import type { Process } from '../processes/process.ts';
import { beatIntervalMs, judgeBeats } from './beats.ts';

/** Miners whose agent has attached, when it last did, and which of them are lost, as the log says it. */
export type Attached = Map<MinerId, { attachedAt: UnixMs; lost: boolean }>;

/** The watch's view of the log; it gives no commands because of events, only because of silence. */
export const attachedMiners: Process<Attached> = {
  name: 'miner-watch',
  initial: () => new Map(),
  absorb: (attached, known) => {
    if (known.category !== 'miner') return;
    if (known.event.type === 'MinerAttached') {
      const lost = attached.get(known.id)?.lost ?? false;
      attached.set(known.id, { attachedAt: Date.parse(known.recorded.recordedAt), lost });
    }
    const miner = attached.get(known.id);
    if (miner === undefined) return;
    if (known.event.type === 'MinerLost') miner.lost = true;
    if (known.event.type === 'MinerReturned') miner.lost = false;
  },
  react: () => [],
};

export type MinerWatch = {
  /** Takes a heartbeat. Beats are telemetry: only the first after a loss becomes an event, at the next look. */
  beat(minerId: string, at: UnixMs): void;
  /** Judges the silence now. Call it every {@link lookEveryMs}. */
  look(): Promise<void>;
  lastSeenAt(minerId: string): UnixMs | null;
};

export const lookEveryMs = beatIntervalMs;

/** Turns silence into `MinerLost` and a beat after it into `MinerReturned`. */
export const createMinerWatch = ({
  store,
  clock,
  bus,
  attached,
  log,
}: {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly bus: Pick<OrchestratorBus, 'connectedSince'>;
  readonly attached: () => Attached;
  readonly log: Log;
}): MinerWatch => {
  const startedAt = clock.now();
  const lastBeatAt = new Map<MinerId, UnixMs>();

  const give = async (minerId: MinerId, command: MinerCommand, cause: string): Promise<void> => {
    const commandId = derivedUuid('miner-watch', minerId, command.type, cause);
    const meta = { commandId, actor: 'process:miner-watch', correlationId: commandId, causationId: commandId } as const;
    await handle({ store, clock }, aggregates.miner, minerId, command, { ...meta, traceparent: null });
  };

  const look = async (): Promise<void> => {
    const now = clock.now();
    const connectedSince = bus.connectedSince();
    const since = connectedSince === null ? null : Math.max(connectedSince, startedAt);
    const miners = [...attached()];
    for (const [minerId, { lost }] of miners) {
      const seenAt = lastBeatAt.get(minerId);
      if (lost && seenAt !== undefined && now - seenAt <= 2 * beatIntervalMs) {
        await give(minerId, { type: 'MarkMinerReturned', now }, `${seenAt}`);
      }
    }
    const present = miners.filter(([, { lost }]) => !lost);
    // Who has just attached was heard, however long we have been listening.
    const heardAt = new Map(
      present.map(([minerId, { attachedAt }]) => [minerId, Math.max(lastBeatAt.get(minerId) ?? 0, attachedAt)]),
    );
    const { lost, alert } = judgeBeats({ since, heardAt }, now);
    if (alert.length > 0) {
      log('error', 'miners silent together: nobody is declared lost, look at our own network first', {
        silent: alert.map(({ minerId }) => minerId),
        present: present.length,
      });
    }
    for (const { minerId, lastSeenAt, missedBeats } of lost) {
      await give(minerId, { type: 'DeclareMinerLost', lastSeenAt, missedBeats, now }, `${lastSeenAt}`);
    }
  };

  return {
    beat: (minerId, at) => {
      // Only miners that the log knows: a beat is an untrusted claim and must not grow a map.
      if (attached().has(minerId as MinerId)) lastBeatAt.set(minerId as MinerId, at);
    },
    look,
    lastSeenAt: (minerId) => lastBeatAt.get(minerId as MinerId) ?? null,
  };
};
