import type Database from 'better-sqlite3';
import { StoreUnavailable } from '#events';
import { createAppender } from './append.ts';
import { createCheckpointSaver } from './checkpoint-table.ts';
import { asStoreFault } from './faults.ts';
import { createLeaseTable } from './lease-table.ts';
import { openForWriting } from './open-database.ts';
import type { Failed, WriteRequest, WriteResult, WriterStart } from './requests.ts';

export type Writer = {
  readonly storeId: string;
  /**
   * Writes all requests in one durable transaction, in order. A conflict fails only its own request; a fault of the
   * file (disk full, damage, a lock that stays) fails all of them, and nothing of them is recorded.
   */
  commit(requests: readonly WriteRequest[]): readonly (WriteResult | Failed)[];
  close(): void;
};

/** Opens the file and writes to it: synchronous, one connection, meant for a thread of its own. */
export const openWriter = ({ file, newStoreId }: WriterStart): Writer => {
  const { db, storeId } = openForWriting(file, newStoreId);
  return createWriter(file, db, storeId);
};

/** A writer over a connection that {@link openForWriting} made. */
export const createWriter = (file: string, db: Database.Database, storeId: string): Writer => {
  const appender = createAppender(db);
  const leases = createLeaseTable(db);
  const saveCheckpoint = createCheckpointSaver(db);
  const sql = {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    dataVersion: db.prepare<[], number>('PRAGMA data_version').pluck(),
  };
  let seenVersion: number | undefined;

  const write = (request: WriteRequest): WriteResult => {
    switch (request.kind) {
      case 'append':
        return appender.append(request);
      case 'save-checkpoint':
        saveCheckpoint(request.consumer, request.count);
        return { kind: 'done' };
      case 'acquire-lease':
        return { kind: 'lease', token: leases.acquire(request) };
      case 'release-lease':
        leases.release(request.name, request.holder);
        return { kind: 'done' };
    }
  };

  const inTransaction = (requests: readonly WriteRequest[]): readonly WriteResult[] => {
    sql.begin.run();
    const version = sql.dataVersion.get();
    if (version !== seenVersion) appender.forget();
    seenVersion = version;
    const results = requests.map(write);
    sql.commit.run();
    return results;
  };

  return {
    storeId,
    commit: (requests) => {
      try {
        return inTransaction(requests);
      } catch (error) {
        appender.forget();
        if (db.inTransaction) sql.rollback.run();
        const fault = asStoreFault(file, error);
        if (!(fault instanceof StoreUnavailable)) throw fault;
        return requests.map(() => ({ kind: 'failed', fault: fault.fault, detail: fault.message }));
      }
    },
    close: () => db.close(),
  };
};
