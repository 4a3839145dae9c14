import { type Attester, appraisal, type PolicyUsed } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** What one attester showed last, how it was judged, and by which policies. */
export type AttestationRow = {
  readonly attester: Attester;
  readonly policies: readonly PolicyUsed[];
  readonly firstAt: string;
  /** The last event of its stream that is here. */
  readonly revision: string;
};

const ddl = `CREATE TABLE attestations (
  attester_id TEXT PRIMARY KEY,
  row TEXT NOT NULL
) STRICT;`;

/** Nonces and counters are for the next round's judge; nobody is shown them. */
const unshown: Pick<Attester, 'usedNonces' | 'progress'> = {
  usedNonces: new Map(),
  progress: { tpm: null, ima: null },
};

export const attestations: Projection<AttestationRow> = {
  name: 'attestations',
  ddl,
  category: 'appraisal',
  fold: (row, recorded) => {
    const event = aggregates.appraisal.codec.decode(recorded);
    const next = appraisal.evolve(row?.attester ?? null, event);
    if (next === null) return null;
    return {
      attester: { ...next, ...unshown },
      policies: event.type === 'EvidenceAppraised' ? event.policies : (row?.policies ?? []),
      firstAt: row?.firstAt ?? recorded.recordedAt,
      revision: recorded.revision.toString(),
    };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM attestations WHERE attester_id = ?').pluck();
    const put = writes.statement(
      `INSERT INTO attestations (attester_id, row) VALUES (:attesterId, :row)
       ON CONFLICT (attester_id) DO UPDATE SET row = :row`,
    );
    const forget = writes.statement('DELETE FROM attestations WHERE attester_id = ?');
    return {
      load: (attesterId) => {
        const text = one.get(attesterId);
        return text === undefined ? null : textToState<AttestationRow>(text);
      },
      save: (attesterId, row) => put({ attesterId, row: stateToText(row) }),
      remove: (id) => forget(id),
    };
  },
};
