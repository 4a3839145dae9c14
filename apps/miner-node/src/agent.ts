import type { Log, Part } from '#edge';
import { type Clock, consoleBytesMax, type MinerBus, type Stop } from '#events';
import type { Identity } from './identity/identity.ts';
import { limits } from './limits.ts';
import type { Backups } from './ports/backups.ts';
import type { Supervisor } from './supervisor.ts';

export type AgentParts = {
  readonly bus: MinerBus;
  readonly supervisor: Pick<Supervisor, 'take' | 'readConsole' | 'metrics'>;
  readonly backups: Pick<Backups, 'sees'>;
  readonly identity: Pick<Identity, 'take' | 'renewInMs'>;
  readonly clock: Clock;
  readonly log: Log;
};

/** What the agent does on the bus: beats, reads every spec anew, answers for consoles, renews its credentials.
 *  Its stop takes no new work any more; what was taken goes on. */
export const createAgent = ({ bus, supervisor, backups, identity, clock, log }: AgentParts): Part => {
  const stopping = new AbortController();
  const stopped = stopping.signal;
  const stops: Stop[] = [];
  let loops: readonly Promise<void>[] = [];

  const beat = async (): Promise<void> => {
    while (!stopped.aborted) {
      bus.beat();
      await clock.sleep(limits.beatIntervalMs, stopped);
    }
  };

  /** Specs are taken only after they were all asked for in this life: an older one left over must not start anything. */
  const work = async (): Promise<void> => {
    const isAsked = await repeat('sync', () => bus.sync(), { clock, log, stopped });
    if (!isAsked) return;
    const take = async () => {
      stops.push(await bus.onSpec((spec) => supervisor.take(spec)));
    };
    if (await repeat('onSpec', take, { clock, log, stopped })) log('info', 'reading specs');
  };

  const renew = async (): Promise<void> => {
    while (!stopped.aborted) {
      await clock.sleep(Math.max(identity.renewInMs(), limits.renewRetryMs), stopped);
      if (stopped.aborted || identity.renewInMs() > 0) continue;
      try {
        await identity.take(await bus.renew());
        log('info', 'credentials renewed');
      } catch (error) {
        log('warn', 'credentials not renewed, it is tried again', { reason: String(error) });
      }
    }
  };

  return {
    name: 'agent',
    start: async () => {
      stops.push(
        await bus.onCalls({
          console: (call) => supervisor.readConsole({ ...call, bytesMax: Math.min(call.bytesMax, consoleBytesMax) }),
          metrics: (vmId) => supervisor.metrics(vmId),
          backup: (call) => backups.sees(call),
        }),
      );
      loops = [beat(), work(), renew()];
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
      for (const stop of stops.splice(0)) await stop();
    },
  };
};

/** Tries until it works, with growing pauses; false when stopped before. */
const repeat = async (
  what: string,
  attempt: () => Promise<void>,
  { clock, log, stopped }: { readonly clock: Clock; readonly log: Log; readonly stopped: AbortSignal },
): Promise<boolean> => {
  for (
    let pauseMs: number = limits.syncRetryMs;
    !stopped.aborted;
    pauseMs = Math.min(2 * pauseMs, limits.syncRetryMaxMs)
  ) {
    try {
      await attempt();
      return true;
    } catch (error) {
      log('warn', 'the bus does not answer, it is asked again', { what, reason: String(error), inMs: pauseMs });
      await clock.sleep(pauseMs, stopped);
    }
  }
  return false;
};
