import type { EventStore, Position, RecordedEvent, StreamName } from '#events';

/**
 * A stream from a revision on, then live, each event once. The end of the log is noted before the stream is read, so
 * that nothing falls between the two.
 */
export async function* followStream(
  store: EventStore,
  stream: StreamName,
  from: bigint,
  signal: AbortSignal,
): AsyncGenerator<RecordedEvent> {
  const after = await store.head();
  let next = from;
  for (;;) {
    const page = await store.readStream(stream, { from: next });
    for (const event of page) {
      if (signal.aborted) return;
      yield event;
      next = event.revision + 1n;
    }
    if (page.length === 0) break;
  }
  for await (const event of store.subscribe({ after, signal })) {
    if (event.stream !== stream || event.revision < next) continue;
    yield event;
    next = event.revision + 1n;
  }
}

/** The whole log after a position, then live: what is wanted of it. */
export async function* followLog(
  store: EventStore,
  after: Position | null,
  isWanted: (event: RecordedEvent) => Promise<boolean> | boolean,
  signal: AbortSignal,
): AsyncGenerator<RecordedEvent> {
  for await (const event of store.subscribe({ after, signal })) {
    if (await isWanted(event)) yield event;
  }
}
