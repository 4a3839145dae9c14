import { aggregates, idOf, type ParkedState } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** What one consumer could not handle and still stands parked. */
export type ParkedRow = { readonly consumer: string; readonly parked: ParkedState };

const ddl = `CREATE TABLE parked (
  consumer TEXT PRIMARY KEY,
  row TEXT NOT NULL
) STRICT;`;

export const parked: Projection<ParkedRow> = {
  name: 'parked',
  ddl,
  category: 'parked',
  fold: (row, recorded) => {
    const { decider, codec } = aggregates.parked;
    return {
      consumer: idOf(recorded.stream),
      parked: decider.evolve(row?.parked ?? decider.initial, codec.decode(recorded)),
    };
  },
  open: (db) => {
    const one = db.prepare<[string], string>('SELECT row FROM parked WHERE consumer = ?').pluck();
    const put = db.prepare(
      `INSERT INTO parked (consumer, row) VALUES (:consumer, :row)
       ON CONFLICT (consumer) DO UPDATE SET row = :row`,
    );
    return {
      load: (consumer) => {
        const text = one.get(consumer);
        return text === undefined ? null : textToState<ParkedRow>(text);
      },
      save: (consumer, row) => put.run({ consumer, row: stateToText(row) }),
    };
  },
};
