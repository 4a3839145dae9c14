import type { EventStore, RecordedEvent } from '#events';

/** The log as a build reads it to which events of a type are others. */
export const seenAs = (store: EventStore, type: string, as: Partial<RecordedEvent>): EventStore => {
  const known = (event: RecordedEvent): RecordedEvent => (event.type === type ? { ...event, ...as } : event);
  return {
    ...store,
    readStream: async (stream, options) => (await store.readStream(stream, options)).map(known),
    readAll: async (options) => {
      const page = await store.readAll(options);
      return { ...page, events: page.events.map(known) };
    },
  };
};

/** The same to which they are of a version that it does not know. */
export const withoutKnowing = (store: EventStore, type: string): EventStore => seenAs(store, type, { version: 1_000 });
