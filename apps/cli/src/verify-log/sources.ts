import type { LogReport } from '#adapters/sqlite';
import { createLogVerifier, eventHash, type LogVerdict, type SignedHead } from '#events';
import { badAnswer } from '../cli-error.ts';
import { parseEvent } from '../export/columns.ts';
import { exportPageEvents } from '../export/limits.ts';
import type { ReadLog } from '../export/run-export.ts';

type Told = (events: number) => void;

/** Verifies the log as a server gives it out: any store, but not the file beneath it. */
export const verifyServed = async (
  readLog: ReadLog,
  heads: AsyncIterator<SignedHead> | null,
  told: Told,
): Promise<LogVerdict> => {
  let verifier: ReturnType<typeof createLogVerifier> | null = null;
  let position: string | null = null;
  let events = 0;
  for (let going = true; going; ) {
    const page = await readLog({ after: position, until: null, categories: null, limit: exportPageEvents });
    verifier ??= createLogVerifier(page.storeId, heads);
    for (const item of page.items) {
      const { event, stream, revision, prevHash } = parseEvent(item);
      const computed = eventHash(event, stream, revision, prevHash);
      const { eventId, hash } = item;
      going = await verifier.take({
        ...{ stream, revision, eventId, prevHash, hash, computed },
        position: item.position,
      });
      if (!going) break;
    }
    events += page.items.length;
    told(events);
    ({ position } = page);
    if (page.end) going = false;
  }
  if (verifier === null) throw new Error('BUG: no page was read');
  return verifier.end();
};

/** Verifies the file of a store, also what lies beside its events. */
export const verifyFile = async (
  file: string,
  heads: AsyncIterator<SignedHead> | null,
  told: Told,
): Promise<LogReport> => {
  // Loaded only here: no other command needs the driver.
  const { verifySqliteLog } = await import('#adapters/sqlite');
  try {
    return await verifySqliteLog({ file, progress: told, ...(heads === null ? {} : { heads }) });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'StoreUnavailable') throw error;
    throw badAnswer('store-unreadable', `${file} cannot be read as an event store`, {
      observed: error.message,
      wanted: 'a whole event store',
    });
  }
};
