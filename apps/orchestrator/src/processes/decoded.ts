import { aggregates, categoryOf, idOf, type RecordedEvent, UnknownEvent } from '#events';
import type { KnownEvent } from './process.ts';

/** A recorded event with its meaning. Throws UnknownEvent for what this build cannot read. */
export const decodeKnown = (recorded: RecordedEvent): KnownEvent => {
  const found = recent.get(recorded) ?? older.get(recorded);
  if (found !== undefined) return found;
  if (inRecent >= decodedMax) {
    [older, recent, inRecent] = [recent, new WeakMap(), 0];
  }
  const known = decodeAnew(recorded);
  recent.set(recorded, known);
  inRecent += 1;
  return known;
};

/**
 * Events in one table before the next is begun: some pages, which is how far apart those who read side by side are. One
 * table for all would grow to hold what is read between two full collections, and stays that large.
 */
const decodedMax = 4_096;

/** Every process decodes the same events: what a store gives out to several of them is decoded once. */
let recent = new WeakMap<RecordedEvent, KnownEvent>();
let older = new WeakMap<RecordedEvent, KnownEvent>();
let inRecent = 0;

const decodeAnew = (recorded: RecordedEvent): KnownEvent => {
  const category = categoryOf(recorded.stream);
  const id = idOf(recorded.stream);
  // The id of a stream is the id its category's codec branded when the stream was written.
  return { category, id, event: aggregates[category].codec.decode(recorded), recorded } as KnownEvent;
};

/** {@link decodeKnown}, or `null` for what this build cannot read. */
export const tryDecode = (recorded: RecordedEvent): KnownEvent | null => {
  try {
    return decodeKnown(recorded);
  } catch (error) {
    if (error instanceof UnknownEvent) return null;
    throw error;
  }
};
