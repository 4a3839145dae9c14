import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventHash, linkHash } from './chain.ts';
import type { EventId, JsonObject } from './envelope.ts';
import { streamName } from './names.ts';
import { admitAppend } from './store/admission.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.isWellFormed());

test('the hash of the stored text is the hash of the event, whatever is in it', () => {
  const stream = streamName('vm', 'a');
  const anyEvent = fc.record({
    eventId: text,
    type: text,
    version: fc.integer({ min: 1 }),
    data: fc.dictionary(text, fc.jsonValue()),
    correlationId: text,
    causationId: text,
    traceparent: fc.option(text),
  });
  fc.assert(
    fc.property(anyEvent, fc.bigInt({ min: 0n, max: 1n << 52n }), ({ eventId, data, ...rest }, revision) => {
      const event = {
        ...rest,
        eventId: eventId as EventId,
        data: data as JsonObject,
        actor: 'system:test' as const,
        recordedAt: '2026-01-02T03:04:05.678Z',
      };
      const [admitted] = admitAppend(stream, [event]);
      expect(admitted && linkHash(admitted, stream, revision, 'ab')).toBe(eventHash(event, stream, revision, 'ab'));
    }),
  );
});
