import type { Log, Part } from '#edge';
import { type Clock, type ConsumerStatus, type Leases, lastingFault, type StoreFault, shownReason } from '#events';
import { leaseLastingRetryMs, leaseMs, leaseRenewMs, leaseRetryMs } from './limits.ts';
import type { Probe } from './readiness.ts';

export type LedPart = Part & { status?(): ConsumerStatus };

/** The parts of one term of office. Made anew for each: what has stopped does not start again. */
export type Term = { readonly parts: readonly LedPart[] };

export type Leadership<T extends Term> = Part & {
  /** The running term; `null` while another replica holds the lease. */
  current(): T | null;
  readonly probe: Probe;
};

export type LeadershipOptions<T extends Term> = {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  readonly holder: string;
  readonly begin: () => T;
};

const lease = 'orchestrator';

/**
 * Runs parts in the one replica that holds the lease. Its start begins the first term when the lease is free, and a part
 * that cannot start makes it throw; a lease that another holds is waited for in the background. A stale holder does no
 * harm, because appends carry expected revisions.
 */
export const createLeadership = <T extends Term>(options: LeadershipOptions<T>): Leadership<T> => {
  const { leases, clock, log, holder, begin } = options;
  const stopping = new AbortController();
  let term: T | null = null;
  let why = 'not started yet';
  let running: Promise<void> = Promise.resolve();

  const acquire = async (): Promise<boolean> => (await leases.acquire(lease, holder, leaseMs)) !== null;

  const startTerm = async (): Promise<void> => {
    const next = begin();
    const started: LedPart[] = [];
    const starting = new AbortController();
    const renewing = renewWhile(starting.signal);
    try {
      for (const together of startOrder(next.parts)) {
        started.push(...together);
        const outcomes = await Promise.allSettled(together.map((part) => part.start()));
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
    } catch (error) {
      await stopParts(started, log);
      throw error;
    } finally {
      starting.abort();
      await renewing;
    }
    term = next;
    log('info', 'processes run here', { lease, holder, parts: next.parts.map(({ name }) => name) });
  };

  /** Processes read the whole log before they are started, which may last longer than a lease. */
  const renewWhile = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(leaseRenewMs, signal);
      if (signal.aborted) return;
      try {
        if (!(await acquire())) return;
      } catch (error) {
        log('warn', 'lease not renewed', { lease, error });
      }
    }
  };

  const endTerm = async (): Promise<void> => {
    const ending = term;
    term = null;
    if (ending !== null) await stopParts(ending.parts, log);
  };

  /** Keeps the lease; returns when it is lost or we stop. */
  const hold = async (): Promise<void> => {
    let heldUntil = clock.now() + leaseMs;
    while (!stopping.signal.aborted) {
      await clock.sleep(leaseRenewMs, stopping.signal);
      if (stopping.signal.aborted) return;
      const from = clock.now();
      try {
        if (!(await acquire())) return;
        heldUntil = from + leaseMs;
      } catch (error) {
        log('warn', 'lease not renewed', { lease, error });
        if (clock.now() >= heldUntil) return;
      }
    }
  };

  const loop = async (): Promise<void> => {
    let lasting: StoreFault | null = null;
    while (!stopping.signal.aborted) {
      if (term !== null) {
        await hold();
        await endTerm();
        if (stopping.signal.aborted) return;
        log('warn', 'lease lost: processes stop here', { lease, holder });
      }
      try {
        why = 'another replica holds the lease, or one that ended a moment ago';
        if (await acquire()) await startTerm();
        lasting = null;
      } catch (error) {
        why = shownReason(error);
        // What does not pass by itself is said once.
        const fault = lastingFault(error)?.fault ?? null;
        if (fault === null || fault !== lasting) {
          log('error', 'processes cannot start here, it is tried again', { lease, error, why });
        }
        lasting = fault;
      }
      if (term === null) await clock.sleep(lasting === null ? leaseRetryMs : leaseLastingRetryMs, stopping.signal);
    }
  };

  return {
    name: 'processes',
    current: () => term,
    probe: { name: 'lease', check: () => (term === null ? why : null) },
    start: async () => {
      if (await acquire()) await startTerm();
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
      await endTerm();
      await leases.release(lease, holder);
    },
  };
};

/**
 * Parts in the order they start. Consumers that follow each other start together: each reads the log, and a store gives
 * the pages that one of them has read to the others.
 */
const startOrder = (parts: readonly LedPart[]): readonly (readonly LedPart[])[] => {
  const groups: LedPart[][] = [];
  let follows = false;
  for (const part of parts) {
    const isConsumer = part.status !== undefined;
    const last = groups.at(-1);
    if (isConsumer && follows && last !== undefined) last.push(part);
    else groups.push([part]);
    follows = isConsumer;
  }
  return groups;
};

const stopParts = async (parts: readonly LedPart[], log: Log): Promise<void> => {
  for (const part of [...parts].reverse()) {
    try {
      await part.stop();
    } catch (error) {
      log('error', 'part did not stop in order', { part: part.name, error });
    }
  }
};
