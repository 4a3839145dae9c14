import type { Metrics } from '#edge';
import { ConcurrencyConflict, categoryOf, type EventStore, InvalidAppend, type Json, type NewEvent } from '#events';

/** The store with its appends timed and counted, and with what they say of placement. */
export const measuredStore = (store: EventStore, metrics: Metrics): EventStore => ({
  ...store,
  append: async (stream, events, expectedRevision) => {
    const ended = metrics.time('hcc_event_append_seconds');
    try {
      const appended = await store.append(stream, events, expectedRevision);
      ended({ outcome: 'ok' });
      metrics.count('hcc_events_appended_total', { category: categoryOf(stream) }, events.length);
      for (const event of events) countPlacement(event, metrics);
      return appended;
    } catch (error) {
      ended({ outcome: outcomeOf(error) });
      throw error;
    }
  },
});

const outcomeOf = (error: unknown): string => {
  if (error instanceof ConcurrencyConflict) return 'conflict';
  return error instanceof InvalidAppend ? 'invalid' : 'unavailable';
};

const countPlacement = ({ type, data }: NewEvent, metrics: Metrics): void => {
  const one = (outcome: string, reason: string, by = 1) =>
    metrics.count('hcc_placements_total', { outcome, reason: labelOf(reason) }, by);
  if (type === 'VmPlaced') one('placed', 'none');
  if (type === 'VmPlacementRejected') one('rejected', textOf(data.code));
  if (type === 'VmPlacementDeclined') one('declined', textOf(data.code));
  if (type !== 'VmPlacementFailed') return;
  const reasons = Object.entries(data.reasons ?? {});
  if (reasons.length === 0) one('failed', 'no-miners');
  for (const [reason, miners] of reasons) one('failed', reason, typeof miners === 'number' ? miners : 1);
};

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : 'other');

/** Codes are a closed set in this build; what another one wrote must not become a series of its own. */
const labelOf = (code: string): string => (/^[a-z][a-z-]{0,39}$/.test(code) ? code : 'other');
