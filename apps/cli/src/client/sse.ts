import { limits } from '../limits.ts';

/** One message of an event stream. `id` is the last one seen, as the specification has it. */
export type SseMessage = { readonly id: string; readonly event: string; readonly data: string };

/** A peer that sends lines or messages without end. */
export class SseTooLong extends Error {
  override readonly name = 'SseTooLong';
}

export type SseParser = {
  /** Takes the next piece of text, cut anywhere, and gives the messages that it completed.
   *  Refuses with {@link SseTooLong} a line or a message over its limit. */
  push(text: string): readonly SseMessage[];
};

/** Reads `text/event-stream` (WHATWG HTML, section 9.2.6): any of the three line ends, comments, bounded lines. */
export const createSseParser = (
  bounds: { readonly lineMax: number; readonly messageMax: number } = {
    lineMax: limits.sseLineBytesMax,
    messageMax: limits.sseMessageBytesMax,
  },
): SseParser => {
  let rest = '';
  let started = false;
  let afterCr = false;
  let id = '';
  let event = '';
  let data: string[] = [];
  let dataLength = 0;

  const field = (name: string, value: string): void => {
    if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'data') {
      data.push(value);
      dataLength += value.length + 1;
      if (dataLength > bounds.messageMax) throw new SseTooLong(`a message over ${bounds.messageMax} characters`);
    }
  };

  const line = (text: string): SseMessage | null => {
    if (text === '') {
      const message = data.length === 0 ? null : { id, event: event === '' ? 'message' : event, data: data.join('\n') };
      event = '';
      data = [];
      dataLength = 0;
      return message;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return null;
    if (colon === -1) field(text, '');
    else field(text.slice(0, colon), text.slice(colon + 1).replace(/^ /, ''));
    return null;
  };

  return {
    push: (text) => {
      let incoming = text;
      if (!started && incoming !== '') {
        started = true;
        if (incoming.startsWith('\uFEFF')) incoming = incoming.slice(1);
      }
      // A line feed that only completes a carriage return of the piece before is not a line of its own.
      if (afterCr && incoming !== '') {
        if (incoming.startsWith('\n')) incoming = incoming.slice(1);
        afterCr = false;
      }
      if (text.endsWith('\r')) afterCr = true;
      const lines = (rest + incoming).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      if (Math.max(rest.length, ...lines.map(({ length }) => length)) > bounds.lineMax) {
        throw new SseTooLong(`a line over ${bounds.lineMax} characters`);
      }
      return lines.map(line).filter((message) => message !== null);
    },
  };
};
