import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BareEvent } from '#events';
import { type AuditSpan, audit, openAudit } from './audit.projection.ts';
import { createRowsWriter } from './rows-writer.ts';

type Noted = { readonly account: number; readonly actor: number; readonly minute: number };
type Step =
  | ({ readonly kind: 'event' } & Noted)
  | { readonly kind: 'commit' }
  /** What is not committed is lost, and given again. */
  | { readonly kind: 'fail' }
  /** Another process opens the file. */
  | { readonly kind: 'restart' };

const small = fc.nat({ max: 4 });
const event = fc.record({ kind: fc.constant('event' as const), account: small, actor: small, minute: small });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: event },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fail' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

const minuteText = (minute: number): string => `2026-01-31T12:0${minute}`;

const recorded = ({ account, actor, minute }: Noted, at: number): BareEvent =>
  ({
    ...{ stream: `account-${account}`, revision: BigInt(at), position: `${at}`, type: `Type${actor % 2}`, version: 1 },
    ...{ data: {}, recordedAt: `${minuteText(minute)}:30.000Z`, actor: `actor:${actor}` },
  }) as unknown as BareEvent;

/** The same by looking through all events: how many each key finds in each minute, and where the first and last lie. */
const counted = (events: readonly Noted[]): readonly string[] => {
  const found = new Map<string, { count: number; first: number; last: number }>();
  for (const [at, { account, actor, minute }] of events.entries()) {
    for (const key of ['all ', `actor actor:${actor}`, `type Type${actor % 2}`, `account ${account}`]) {
      const of = `${key} ${minuteText(minute)}`;
      const span = found.get(of) ?? { count: 0, first: at, last: at };
      found.set(of, { ...span, count: span.count + 1, last: at });
    }
  }
  return [...found].map(([of, { count, first, last }]) => `${of} ${count} ${first} ${last}`).sort();
};

const rowsOf = (db: Database.Database): readonly string[] =>
  db
    .prepare<[], AuditSpan & { readonly kind: string; readonly key: string }>(
      `SELECT kind, key, minute, events, first_position AS firstPosition, last_position AS lastPosition FROM audit`,
    )
    .all()
    .map((row) => `${row.kind} ${row.key} ${row.minute} ${row.events} ${row.firstPosition} ${row.lastPosition}`)
    .sort();

/** Runs the steps as the rows' sink does, with so many keys kept from one commit to the next; gives the rows in the end. */
const rowsAfter = (steps: readonly Step[], keysKept: number): readonly string[] => {
  const db = new Database(':memory:');
  db.exec(audit.ddl);
  const open = () => {
    const writer = createRowsWriter(db);
    const spans = openAudit(db, writer, keysKept);
    spans.load();
    return { writer, spans };
  };
  let { writer, spans } = open();
  let committed: Noted[] = [];
  let given: Noted[] = [];
  const note = (noted: Noted): void => {
    given = [...given, noted];
    spans.note(recorded(noted, given.length - 1), `${noted.account}`);
  };
  const commit = (): void => {
    spans.write();
    void writer.commit(false);
    committed = given;
    spans.settle();
  };
  const again = (): void => {
    const lost = given.slice(committed.length);
    given = committed;
    for (const noted of lost) note(noted);
  };
  for (const one of steps) {
    if (one.kind === 'event') note(one);
    else if (one.kind === 'commit') commit();
    else if (one.kind === 'fail') {
      writer.rollback();
      spans.load();
      again();
    } else {
      ({ writer, spans } = open());
      again();
    }
  }
  commit();
  return rowsOf(db);
};

test('whatever is committed, lost or begun anew between events, and whichever minute comes next: every key finds each of its events once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 3, 1_000), (steps, keysKept) => {
      const events = steps.filter((one) => one.kind === 'event');
      expect(rowsAfter(steps, keysKept)).toEqual(counted(events));
    }),
    { numRuns: 300 },
  );
});
