import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSseParser, type SseMessage, SseTooLong } from './sse.ts';

const parse = (...pieces: readonly string[]): readonly SseMessage[] => {
  const parser = createSseParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe('an event stream', () => {
  test('gives a message at its empty line, with id and type', () => {
    expect(parse('id: 3\nevent: VmRunning\ndata: {"a":1}\n\n')).toEqual([
      { id: '3', event: 'VmRunning', data: '{"a":1}' },
    ]);
  });

  test('joins the lines of one message, and keeps the last id for the next', () => {
    expect(parse('id:7\ndata:a\ndata:b\n\ndata:c\n\n')).toEqual([
      { id: '7', event: 'message', data: 'a\nb' },
      { id: '7', event: 'message', data: 'c' },
    ]);
  });

  test('ignores comments, unknown fields, a mark at its beginning, and messages without data', () => {
    expect(parse('\uFEFF: beat\n\nretry: 5\nid: 1\n\nother\ndata\n\n')).toEqual([
      { id: '1', event: 'message', data: '' },
    ]);
  });

  test('does not give a message that never ended', () => {
    expect(parse('data: half\n')).toEqual([]);
  });

  test('cut between a carriage return and its line feed has no extra line', () => {
    expect(parse('data: a\r', '\ndata: b\r', '\n\r', '\n')).toEqual([{ id: '', event: 'message', data: 'a\nb' }]);
  });
});

describe('the three line ends and every cut', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é', '{', '}') });
  const message = fc.record({
    id: fc.nat().map(String),
    event: fc.constantFrom('VmRunning', 'VmStopped'),
    data: fc.array(line, { minLength: 1, maxLength: 3 }),
  });

  test('give the same messages', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(400), { maxLength: 12 }),
        (messages, end, cuts) => {
          const text = messages
            .map(({ id, event, data }) =>
              [`id: ${id}`, `event: ${event}`, ...data.map((each) => `data: ${each}`), '', ''].join(end),
            )
            .join('');
          const marks = [0, ...[...cuts].sort((a, b) => a - b).filter((cut) => cut < text.length), text.length];
          const pieces = marks.slice(1).map((mark, index) => text.slice(marks[index], mark));
          // A lone carriage return at the very end may still become a pair: the message is complete all the same.
          expect(parse(...pieces)).toEqual(
            messages.map(({ id, event, data }) => ({ id, event, data: data.join('\n') })),
          );
        },
      ),
    );
  });

  test('and any text at all, never crash it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('\n', '\r', ':', 'd', 'ata', '\0', 'id', '\uFEFF', 'x') })),
        (pieces) => {
          expect(parse(...pieces)).toEqual(parse(pieces.join('')));
        },
      ),
    );
  });
});

describe('a peer that never ends', () => {
  const bounds = { lineMax: 10, messageMax: 20 };

  test('a line is refused once it is too long, finished or not', () => {
    expect(() => createSseParser(bounds).push('data: 0123456789')).toThrow(SseTooLong);
    expect(() => createSseParser(bounds).push('data: 0123456789\n\n')).toThrow(SseTooLong);
  });

  test('a message is refused once its lines are too many', () => {
    const parser = createSseParser(bounds);
    expect(() => parser.push('data:12345\n'.repeat(4))).toThrow(SseTooLong);
  });
});
