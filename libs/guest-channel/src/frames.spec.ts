import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChannelError } from './channel-error.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { limits } from './limits.ts';

const header = (length: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
};

describe('frames', () => {
  test('given any messages / when they arrive in any chunks / then each comes out once, in order', () => {
    const messages = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (sent, sizes) => {
        const wire = Buffer.concat(sent.map(encodeFrame));
        const decoder = new FrameDecoder();
        const received: unknown[] = [];
        for (let at = 0; at < wire.length; ) {
          const size = sizes.next().value ?? 1;
          received.push(...decoder.push(wire.subarray(at, at + size)));
          at += size;
        }
        expect(received).toEqual(sent.map((message) => JSON.parse(JSON.stringify(message))));
        expect(decoder.pendingBytes).toBe(0);
      }),
    );
  });

  test('given garbage / when it is read / then it is a named error or nothing yet, and never more than a frame is held', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 }), (chunks) => {
        const decoder = new FrameDecoder();
        for (const chunk of chunks) {
          try {
            decoder.push(chunk);
          } catch (error) {
            expect(error).toBeInstanceOf(ChannelError);
            expect(decoder.pendingBytes).toBe(0);
          }
          expect(decoder.pendingBytes).toBeLessThanOrEqual(limits.frameBytesMax + 4);
        }
      }),
    );
  });

  test.each([limits.frameBytesMax + 1, 0x7fffffff, 0xffffffff])(
    'given a length of %d / when its header is read / then it is refused before a byte of it is kept, and for good',
    (length) => {
      const decoder = new FrameDecoder();
      const refusal = expect.objectContaining({ code: 'frame-too-large' });
      expect(() => decoder.push(header(length))).toThrow(refusal);
      expect(decoder.pendingBytes).toBe(0);
      expect(() => decoder.push(encodeFrame({ fine: true }))).toThrow(refusal);
    },
  );

  test.each([
    ['an empty frame', header(0), 'frame-empty'],
    ['text that is no JSON', Buffer.concat([header(3), Buffer.from('{,}')]), 'frame-not-json'],
    ['bytes that are no UTF-8', Buffer.concat([header(4), Buffer.from([0x22, 0xff, 0xfe, 0x22])]), 'frame-not-json'],
  ])('given %s / when it is read / then that is what is said', (_what, bytes, code) => {
    expect(() => new FrameDecoder().push(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('given the largest message, and one byte more / when they are framed / then one goes and one is refused', () => {
    const largest = 'x'.repeat(limits.frameBytesMax - 2);
    expect(new FrameDecoder().push(encodeFrame(largest))).toEqual([largest]);
    expect(() => encodeFrame(`${largest}x`)).toThrow(expect.objectContaining({ code: 'frame-too-large' }));
  });
});
