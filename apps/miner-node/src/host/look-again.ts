import type { HostCheck } from '#domain';
import type { Log, Part } from '#edge';
import type { Clock } from '#events';
import { limits } from '../limits.ts';

export type LookAgainParts = {
  /** Only what the network is asked: a host that enrols knew no bus when it was looked at before its start. */
  readonly lookAtNetwork: () => Promise<readonly HostCheck[]>;
  /** Everything. */
  readonly look: () => Promise<readonly HostCheck[]>;
  readonly tell: (check: HostCheck) => void;
  readonly clock: Clock;
  readonly log: Log;
};

/** Looks at the host again for as long as the agent lives, so that a disk that fills or a clock that drifts is told
 *  while it does: at the network as soon as there is one, at everything every `hostCheckMs`, earlier while a check fails. */
export const createLookAgain = ({ lookAtNetwork, look, tell, clock, log }: LookAgainParts): Part => {
  const stopping = new AbortController();
  const stopped = stopping.signal;
  const statuses = new Map<string, HostCheck['status']>();
  let loop: Promise<void> = Promise.resolve();

  const told = (check: HostCheck): void => {
    const { code, name, status, observed, wanted, fix } = check;
    const before = statuses.get(code);
    statuses.set(code, status);
    tell(check);
    // What the start found is in the log already.
    if (before === undefined || before === status) return;
    const isWell = status === 'PASS' || status === 'SKIP';
    log(isWell ? 'info' : 'warn', 'host check changed', { code, check: name, before, status, observed, wanted, fix });
  };

  const run = async (): Promise<void> => {
    for (let next = lookAtNetwork; !stopped.aborted; next = look) {
      const checks = await next();
      if (stopped.aborted) return;
      checks.forEach(told);
      const isFailing = checks.some(({ status }) => status === 'FAIL');
      await clock.sleep(isFailing ? limits.hostCheckFailingMs : limits.hostCheckMs, stopped);
    }
  };

  return {
    name: 'host checks',
    start: async () => {
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };
};
