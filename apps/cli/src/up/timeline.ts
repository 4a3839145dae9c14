import type { Clock } from '#events';
import { badAnswer } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import { followStream } from '../client/streams.ts';
import type { EventView, VmView } from '../client/views.ts';
import { limits } from '../limits.ts';
import { sentenceOf } from '../story/story.ts';

/** What one event means for what we wait for. `null`: keep watching. */
export type Goal = (event: EventView) => 'reached' | 'failed' | null;

const goal =
  (reached: readonly string[], failed: readonly string[]): Goal =>
  ({ type }) => {
    if (reached.includes(type)) return 'reached';
    return failed.includes(type) ? 'failed' : null;
  };

/** What each verb waits for, and what says that it will not come. No capacity is no failure: it is tried again. */
export const goals = {
  running: goal(['VmRunning'], ['VmRefused', 'VmFailed', 'VmTerminationRequested', 'VmTerminated']),
  resized: goal(['VmResized'], ['VmResizeRefused', 'VmTerminationRequested', 'VmTerminated']),
  stopped: goal(['VmStopped'], ['VmTerminated']),
  backedUp: goal(['VmBackupMade'], ['VmBackupFailed', 'VmTerminationRequested', 'VmTerminated']),
  restored: goal(['VmPlaced'], ['VmRestoreRefused', 'VmTerminationRequested', 'VmTerminated']),
} as const;

/**
 * A VM is gone with its disk; one whose disk was ever opened inside, when its key is destroyed too, which is not waited for
 * where it was seen already. Of the two either may come first.
 */
export const goneGoal = ({ disk }: Pick<VmView, 'disk'>): Goal => {
  const hasKey = disk.kind === 'luks2' && (disk.bootCounter ?? 0) > 0 && disk.keyDestroyed !== true;
  const left = new Set(hasKey ? ['VmTerminated', 'VmKeyDestroyed'] : ['VmTerminated']);
  return ({ type }) => (left.delete(type) && left.size === 0 ? 'reached' : null);
};

export type Watch = {
  readonly api: Api;
  readonly clock: Clock;
  readonly vmId: string;
  /** First revision to show. */
  readonly from: bigint;
  readonly goal: Goal;
  /** Aborting stops the watching, never the work. */
  readonly signal: AbortSignal;
  readonly show: (event: EventView) => void | Promise<void>;
  readonly note: (text: string) => void;
  readonly waitMs?: number;
};

export type Watched =
  | { readonly ending: 'reached'; readonly event: EventView }
  | { readonly ending: 'stopped-watching' };

/** Shows a VM's events as they come until the goal is reached or the signal aborts.
 *  Refuses `vm-<event>` when the goal will not come, and `still-waiting` when it did not come in time. */
export const watchVm = async (watch: Watch): Promise<Watched> => {
  const { api, clock, vmId } = watch;
  const waitMs = watch.waitMs ?? limits.waitMs;
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), waitMs);
  const signal = AbortSignal.any([watch.signal, tooLong.signal]);
  const onBroken = (why: string): void => watch.note(`connection lost (${why}), opening it again`);
  let last: EventView | undefined;
  try {
    for await (const event of followStream(api, `vm-${vmId}`, { from: watch.from, clock, signal, onBroken })) {
      last = event;
      await watch.show(event);
      const ending = watch.goal(event);
      if (ending === 'reached') return { ending, event };
      if (ending === 'failed') throw willNotCome(vmId, event);
    }
  } finally {
    clearTimeout(timer);
  }
  if (!tooLong.signal.aborted || watch.signal.aborted) return { ending: 'stopped-watching' };
  throw badAnswer('still-waiting', `vm ${vmId} is not there yet; the work goes on`, {
    observed: last === undefined ? `no event for ${waitMs / 1_000} s` : `${last.type}: ${sentenceOf(last)}`,
    wanted: `an answer within ${waitMs / 1_000} s`,
    fix: `hcc vm status ${vmId}; hcc doctor`,
  });
};

const willNotCome = (vmId: string, event: EventView): Error => {
  const code = event.type.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).toLowerCase();
  return badAnswer(code, `vm ${vmId}: ${sentenceOf(event)}`, {
    observed: event.type,
    fix: (fixes[event.type] ?? guestFix)(vmId),
  });
};

const guestFix = (vmId: string): string =>
  `hcc vm events ${vmId} tells the whole story; hcc vm console ${vmId} shows what the guest said`;

/** What no guest has said anything about. The VM is as it was before. */
const fixes: Readonly<Record<string, (vmId: string) => string>> = {
  VmBackupFailed: (vmId) => `hcc vm backup ${vmId} tries again; hcc vm backups ${vmId} lists those that there are`,
  VmRestoreRefused: (vmId) =>
    `hcc vm why-not ${vmId} lists the miners that have room: hcc vm restore ${vmId} --onto ID`,
  VmResizeRefused: (vmId) => `ask for what its miner has room for; hcc vm status ${vmId} shows the size it keeps`,
};
