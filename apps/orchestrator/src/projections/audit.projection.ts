import { categoryOf, idOf, type RecordedEvent } from '#events';
import { changing } from './changes.ts';

/** One action: who did what to which stream, when. The event itself is in the store, at its stream and revision. */
export type AuditRow = {
  readonly recordedAt: string;
  readonly stream: string;
  readonly revision: number;
  readonly actor: string;
  readonly type: string;
  readonly eventId: string;
  readonly correlationId: string;
  readonly position: string;
};

// In the order of what is asked: time. The key is of the event, not of when it was folded, so a rebuild has the same rows.
const ddl = `CREATE TABLE audit (
  recorded_at TEXT NOT NULL,
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,
  actor TEXT NOT NULL,
  type TEXT NOT NULL,
  event_id TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  position TEXT NOT NULL,
  account_id TEXT,
  PRIMARY KEY (recorded_at, stream, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_type ON audit (type);
CREATE INDEX audit_by_account ON audit (account_id) WHERE account_id IS NOT NULL;`;

type AuditChange = AuditRow & { readonly vmId: string | null; readonly accountId: string | null };

/** Every event, by whom and when. It decodes nothing, so an event that no build can read is found here too. */
export const audit = changing<AuditChange>({
  name: 'audit',
  ddl,
  category: null,
  changeOf: ({ recordedAt, stream, revision, actor, type, eventId, correlationId, position }: RecordedEvent) => {
    const category = categoryOf(stream);
    return {
      ...{ recordedAt, stream, actor, type, eventId, correlationId, position, revision: Number(revision) },
      vmId: category === 'vm' ? idOf(stream) : null,
      accountId: category === 'account' ? idOf(stream) : null,
    };
  },
  open: (db) => {
    const add = db.prepare<AuditChange>(
      `INSERT INTO audit (recorded_at, stream, revision, actor, type, event_id, correlation_id, position, account_id)
       VALUES (:recordedAt, :stream, :revision, :actor, :type, :eventId, :correlationId, :position,
         coalesce(:accountId, (SELECT account_id FROM vms WHERE vm_id = :vmId)))`,
    );
    return (change) => add.run(change);
  },
});
