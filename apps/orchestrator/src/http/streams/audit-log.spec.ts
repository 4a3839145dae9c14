import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { appendEventsMax, type EventStore, eventIdOf, type NewEvent, streamName } from '#events';
import { caughtUp, freshReadModel } from '../../../../../test/orchestrator/told.ts';
import { auditSpanEventsMax } from '../../projections/limits.ts';
import { type AuditFilter, readAudit } from './audit-log.ts';

const everything = { accountId: null, actor: null, type: null, since: null, until: null } as const;
const noon = '2026-01-01T12:00:00.000Z';

/** Half a minute's actions, an hour's of others, and the other half: the clock of a writer went back by an hour. */
const withAJump = async (between: number) => {
  const store = createMemoryEventStore();
  let told = 0;
  const tell = async (count: number, actor: NewEvent['actor'], recordedAt: string): Promise<void> => {
    for (let left = count; left > 0; left -= appendEventsMax) {
      const events = Array.from({ length: Math.min(left, appendEventsMax) }, (_, n): NewEvent => {
        const eventId = eventIdOf(`told-${told + n}`, 0);
        const of = { actor, recordedAt, correlationId: 'c', causationId: 'c', traceparent: null } as const;
        return { eventId, type: 'Told', version: 1, data: {}, ...of };
      });
      // No rows are made of these streams, so that the audit alone is looked at.
      await store.append(streamName('network', `n-${told}`), events, 'no-stream');
      told += events.length;
    }
  };
  await tell(2, 'system:early', noon);
  await tell(between, 'system:busy', '2026-01-01T13:00:00.000Z');
  await tell(2, 'system:late', noon);
  const model = await freshReadModel(store);
  await caughtUp(model, store);
  return { store, model };
};

/** How many events an answer reads. */
const counting = (store: EventStore) => {
  let read = 0;
  const readAll: EventStore['readAll'] = async (options) => {
    const page = await store.readAll(options);
    read += page.events.length;
    return page;
  };
  return { store: { ...store, readAll }, read: () => read };
};

describe('an audit over a clock that jumped', () => {
  it.each(['oldest-first', 'newest-first'] as const)(
    'given two halves of one minute far from each other in the log, %s, then both are found, page by page, without reading what lies between',
    async (order) => {
      const { store, model } = await withAJump(2 * auditSpanEventsMax);
      const counted = counting(store);
      const filter: AuditFilter = { ...everything, order, until: '2026-01-01T12:30:00.000Z' };
      const actors: string[] = [];
      for (let after = null; ; ) {
        const page = await readAudit({ store: counted.store, rows: model.rows }, filter, { after, limit: 1 });
        actors.push(...page.rows.map(({ actor }) => actor));
        if (page.next === null) break;
        after = page.next;
      }
      const inOrder = ['system:early', 'system:early', 'system:late', 'system:late'];
      expect(actors).toEqual(order === 'oldest-first' ? inOrder : inOrder.toReversed());
      expect(counted.read()).toBeLessThan(auditSpanEventsMax);
    },
  );

  it('given a minute with more than a span, then its spans lie behind each other and have every event once', async () => {
    const { model } = await withAJump(2 * auditSpanEventsMax);
    const of = { kind: 'actor', key: 'system:busy', from: '2026', to: '2027', order: 'oldest-first' } as const;
    const spans = model.rows.auditSpans({ ...of, past: null }, 10);
    expect(spans.map(({ part }) => part)).toEqual([0, 1]);
    expect(spans.map(({ events }) => events)).toEqual([auditSpanEventsMax, auditSpanEventsMax]);
    expect(model.rows.auditSpans({ ...of, past: spans[0] ?? null }, 10)).toEqual(spans.slice(1));
    const [all] = model.rows.auditSpans({ ...of, kind: 'all', key: '', past: null }, 1);
    expect(all).toMatchObject({ minute: '2026-01-01T12:00', part: 0, events: 2 });
  });
});
