import type { DesiredSpec, UnixMs } from '#domain';
import {
  type AskAnswer,
  BusUnavailable,
  type Handled,
  type HostReport,
  type OrchestratorBus,
  type RecordedEvent,
  type VmReport,
} from '#events';
import type { Faults } from './plan.ts';
import type { Random } from './random.ts';

/** Something under way to somebody. `deliver` may answer that it must come again. */
type Message = { readonly at: UnixMs; readonly deliver: () => Promise<Handled | undefined> };

/** Who listens on a host; a vanished one hears nothing. */
export type Listener = {
  readonly isReachable: () => boolean;
  /** Which connection: what was under way to an earlier one is gone with it. */
  readonly connection: () => number;
  readonly take: (spec: DesiredSpec) => Handled;
};

type Work = { readonly minerId: string; readonly spec: DesiredSpec; isAcknowledged: boolean; tryAt: UnixMs };

type Handlers = {
  report: (report: VmReport, minerId: string) => Promise<Handled>;
  host: (report: HostReport, minerId: string) => Promise<Handled>;
  beat: (minerId: string, at: UnixMs) => void;
  sync: (minerId: string) => Promise<AskAnswer>;
};

/** The bus between the orchestrator and the miners: it loses, doubles, delays and reorders what it carries. */
export type Network = {
  readonly bus: OrchestratorBus;
  listen(minerId: string, listener: Listener): void;
  report(minerId: string, report: VmReport): boolean;
  reportHost(minerId: string, report: HostReport): boolean;
  beat(minerId: string): void;
  sync(minerId: string, answered: () => void): void;
  /** The orchestrator's handlers are gone with its process. */
  unplug(): void;
  /** Our own connection is lost until {@link reconnect}. */
  disconnect(): void;
  reconnect(): void;
  /** Hands over one message that is due, any of them; `null` when none is. */
  deliverOne(): Promise<void> | null;
  isIdle(): boolean;
};

/** A message that was not acknowledged comes again after this. */
const redeliverMs = 5_000;

export const createNetwork = (random: Random, faults: () => Faults, now: () => UnixMs): Network => {
  const work = new Map<string, Work>();
  const listeners = new Map<string, Listener>();
  const messages: Message[] = [];
  let handlers: Partial<Handlers> = {};
  let connectedSince: UnixMs | null = now();

  const send = (deliver: Message['deliver'], afterMs = 0): void => {
    const copies = random.chance(faults().duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      messages.push({ at: now() + afterMs + random.between(0, faults().delayMaxMs), deliver });
    }
  };
  const isLost = (): boolean => random.chance(faults().lose);
  const isHeard = (minerId: string): boolean => listeners.get(minerId)?.isReachable() === true;

  const offerWork = (): void => {
    for (const [subject, entry] of work) {
      if (entry.isAcknowledged || entry.tryAt > now() || !isHeard(entry.minerId)) continue;
      entry.tryAt = now() + redeliverMs;
      const connection = listeners.get(entry.minerId)?.connection();
      if (!isLost()) send(async () => takeWork(subject, entry, connection));
    }
  };
  const takeWork = (subject: string, entry: Work, connection: number | undefined): undefined => {
    const listener = listeners.get(entry.minerId);
    if (!isHeard(entry.minerId) || listener?.connection() !== connection) return;
    const handled = listener?.take(entry.spec);
    if (handled === 'ack' && !isLost() && work.get(subject) === entry) entry.isAcknowledged = true;
  };
  /** JetStream takes a publish or it does not; what it took comes until it is acknowledged. */
  const publish = (minerId: string, deliver: () => Promise<Handled> | undefined): boolean => {
    if (!isHeard(minerId) || isLost()) return false;
    send(async () =>
      connectedSince === null ? { retryInMs: redeliverMs } : (deliver() ?? { retryInMs: redeliverMs }),
    );
    return true;
  };

  const bus: OrchestratorBus = {
    publishEvents: async (_: readonly RecordedEvent[]) => undefined,
    lastPublished: async () => null,
    putSpec: async (minerId, spec) => {
      if (connectedSince === null) throw new BusUnavailable('the simulated bus is not connected');
      const subject = `${minerId}.${spec.vmId}`;
      const known = work.get(subject);
      if (known !== undefined && known.spec.specRevision >= spec.specRevision) return 'not-older';
      work.set(subject, { minerId, spec, isAcknowledged: false, tryAt: now() });
      return 'put';
    },
    purgeSpec: async (minerId, vmId) => {
      work.delete(`${minerId}.${vmId}`);
    },
    resetWork: async (minerId) => {
      for (const entry of work.values()) if (entry.minerId === minerId) entry.isAcknowledged = false;
    },
    onReport: async (handle) => plug({ report: handle }),
    onHost: async (handle) => plug({ host: handle }),
    onBeat: async (handle) => plug({ beat: handle }),
    onAsk: async (what, handle) => plug(what === 'sync' ? { sync: handle } : {}),
    askConsole: async () => ({ text: '', start: 0, end: 0 }),
    askMetrics: async () => {
      throw new BusUnavailable('simulated miners keep no counters');
    },
    connectedSince: () => connectedSince,
    close: async () => undefined,
  };
  const plug = (handler: Partial<Handlers>) => {
    handlers = { ...handlers, ...handler };
    return async () => undefined;
  };

  return {
    bus,
    listen: (minerId, listener) => {
      listeners.set(minerId, listener);
    },
    report: (minerId, report) => publish(minerId, () => handlers.report?.(report, minerId)),
    reportHost: (minerId, report) => publish(minerId, () => handlers.host?.(report, minerId)),
    beat: (minerId) => {
      if (connectedSince !== null && isHeard(minerId) && !isLost()) handlers.beat?.(minerId, now());
    },
    sync: (minerId, answered) => {
      if (!isHeard(minerId) || isLost()) return;
      send(async () => {
        // A request that fails is not carried again: whoever asked asks again.
        const answer = await handlers.sync?.(minerId).catch(() => undefined);
        if (answer?.ok && !isLost()) answered();
        return undefined;
      });
    },
    unplug: () => {
      handlers = {};
    },
    disconnect: () => {
      connectedSince = null;
    },
    reconnect: () => {
      connectedSince ??= now();
    },
    deliverOne: () => {
      offerWork();
      const due = messages.filter(({ at }) => at <= now());
      if (due.length === 0) return null;
      const message = random.pick(due);
      messages.splice(messages.indexOf(message), 1);
      return message
        .deliver()
        .catch(() => ({ retryInMs: redeliverMs }) as const)
        .then((handled) => {
          if (typeof handled === 'object') messages.push({ ...message, at: now() + handled.retryInMs });
        });
    },
    isIdle: () => messages.length === 0 && [...work.values()].every(({ isAcknowledged }) => isAcknowledged),
  };
};
