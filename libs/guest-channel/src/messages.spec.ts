import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGuestMessage, parseHostMessage } from './attest-messages.ts';
import { ChannelError } from './channel-error.ts';
import { encodeFrame } from './frames.ts';
import { limits } from './limits.ts';
import { parseProcessorAnswer, parseProcessorRequest } from './processor-messages.ts';

const nonce = Buffer.alloc(32, 7).toString('base64');
const sha256 = 'ab'.repeat(32);
const attest = {
  ...{
    version: 1,
    type: 'attest',
    exchange: 3,
    nonce,
    nonceExpiresAt: 1_000,
    imaFrom: 0,
    agentVersion: '1',
    launchDigest: null,
  },
  bundle: [{ path: 'apps/miner-node/src/main.js', sha256 }],
};

describe('messages between guest and host', () => {
  test('given messages of this protocol / when they are read / then they are what was said', () => {
    expect(parseHostMessage(attest)).toEqual(attest);
    const hello = { version: 1, type: 'hello', agentVersion: '0.1.0' };
    expect(parseGuestMessage(hello)).toEqual(hello);
    const request = { version: 1, type: 'report', exchange: 1, reportData: Buffer.alloc(64).toString('base64') };
    expect(parseProcessorRequest(request)).toEqual(request);
    const failed = { version: 1, type: 'failed', exchange: 1, code: 'no-chip', words: 'no chip yet' };
    expect(parseProcessorAnswer(failed)).toEqual(failed);
  });

  test.each([
    ['another version', { ...attest, version: 2 }, 'version'],
    ['a field nobody knows', { ...attest, extra: 1 }, 'extra'],
    ['a nonce that is no base64', { ...attest, nonce: '***' }, 'nonce'],
    ['a digest in capitals', { ...attest, bundle: [{ path: 'a', sha256: 'AB'.repeat(32) }] }, 'bundle.0.sha256'],
    ['no files', { ...attest, bundle: [] }, 'bundle'],
    ['a type nobody knows', { version: 1, type: 'shell' }, 'type'],
    ['nothing', null, 'the message'],
  ])('given %s / when it is read / then it is refused and the field is named', (_what, frame, field) => {
    expect(() => parseHostMessage(frame)).toThrow(expect.objectContaining({ code: 'message-unknown' }));
    expect(() => parseHostMessage(frame)).toThrow(field);
  });

  test('given any value / when it is read / then it is a message or a named error of bounded length', () => {
    const near = fc.record({
      version: fc.constant(1),
      type: fc.constantFrom('boot', 'quote', 'ima', 'hello', 'report'),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), near), (frame) => {
        for (const read of [parseHostMessage, parseGuestMessage, parseProcessorRequest, parseProcessorAnswer]) {
          try {
            read(frame);
          } catch (error) {
            expect(error).toBeInstanceOf(ChannelError);
            expect(String(error).length).toBeLessThan(2 * limits.wordsCharsMax);
          }
        }
      }),
    );
  });

  test('given the largest part of a list / when it is framed / then it fits', () => {
    const bytes = Buffer.alloc(limits.listPartBytesMax).toString('base64');
    const part = { version: 1, type: 'ima', exchange: 1, from: 0, part: 0, bytes, isLast: false } as const;
    expect(encodeFrame(parseHostMessage(part)).length).toBeLessThanOrEqual(limits.frameBytesMax + 4);
  });
});
