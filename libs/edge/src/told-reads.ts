import type { UnixMs } from '#domain';
import type { Clock, EventStore } from '#events';
import { longReadEveryMs } from './limits.ts';
import type { Log } from './log.ts';

/** What is said of a long read; `hcc up` finds it in the log by these words. */
export const longRead = 'reads what was recorded before it goes on';

/**
 * The store, saying every few seconds how far a long read of the log has come: a start over a long past takes minutes in
 * which its program answers nobody, and whoever waits must be able to tell it from one that hangs.
 */
export const toldReads = (
  store: EventStore,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): EventStore => {
  /** `null` while nobody reads what is long past. */
  let sayAt: UnixMs | null = null;
  const readAll: EventStore['readAll'] = async (options) => {
    const page = await store.readAll(options);
    const now = clock.now();
    if (page.end) sayAt = null;
    else if (sayAt === null) sayAt = now + longReadEveryMs;
    else if (now >= sayAt) {
      sayAt = now + longReadEveryMs;
      log('warn', longRead, { at: page.next, end: await store.head() });
    }
    return page;
  };
  return { ...store, readAll };
};
