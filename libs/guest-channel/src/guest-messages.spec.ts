import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChannelError } from './channel-error.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import {
  guestAsks,
  guestStages,
  parseVmGuestMessage,
  parseVmHostMessage,
  type VmGuestMessage,
  type VmHostMessage,
} from './guest-messages.ts';
import { limits } from './limits.ts';

const key = `ssh-ed25519 ${'A'.repeat(68)}`;
const refused = { version: 1, type: 'refused', exchange: 2, code: 'consent-needed', words: 'ask', retryInMs: null };
const exchange = fc.nat();
const text = (max: number) => fc.string({ minLength: 2, maxLength: max });
const version = fc.constant(1 as const);

const anyHostMessage: fc.Arbitrary<VmHostMessage> = fc.oneof(
  fc.record({ version, type: fc.constant('boot' as const), bootSpec: text(400) }),
  fc.record({ version, type: fc.constant('answer' as const), exchange, body: text(2_000) }),
  fc.record({
    ...{ version, type: fc.constant('refused' as const), exchange, words: text(200) },
    ...{ code: fc.constant('appraisal-too-old'), retryInMs: fc.option(fc.nat(limits.retryMsMax)) },
  }),
  fc.record({ version, type: fc.constant('access' as const), envelope: text(2_000) }),
);

const anyGuestMessage: fc.Arbitrary<VmGuestMessage> = fc.oneof(
  fc.record({ version, type: fc.constant('hello' as const), agentVersion: text(64) }),
  fc.record({
    ...{ version, type: fc.constant('ask' as const), exchange },
    ...{ what: fc.constantFrom(...guestAsks), body: text(2_000) },
  }),
  fc.record({ version, type: fc.constant('stage' as const), name: fc.constantFrom(...guestStages), atMs: fc.nat() }),
  fc.record({ version, type: fc.constant('ready' as const), sshHostKey: fc.constant(key), keysVersion: fc.nat() }),
  fc.record({ version, type: fc.constant('stopped' as const), code: fc.constant('header-missing'), words: text(200) }),
);

describe("messages between an owner's VM and its host", () => {
  test('given any messages of this protocol / when they are framed, cut anywhere and read / then they are what was said', () => {
    fc.assert(
      fc.property(fc.array(anyHostMessage), fc.array(anyGuestMessage), fc.nat(), (fromHost, fromGuest, cut) => {
        expect(overTheWire(fromHost, cut).map(parseVmHostMessage)).toEqual(fromHost);
        expect(overTheWire(fromGuest, cut).map(parseVmGuestMessage)).toEqual(fromGuest);
      }),
    );
  });

  test.each([
    ['another version', { ...refused, version: 2 }, 'version'],
    ['a field nobody knows', { ...refused, also: 1 }, 'also'],
    ['a code that is a sentence', { ...refused, code: 'Not now.' }, 'code'],
    ['a wait of a day', { ...refused, retryInMs: 86_400_000 }, 'retryInMs'],
    ['a wait that already was', { ...refused, retryInMs: -1 }, 'retryInMs'],
    ['half an exchange', { ...refused, exchange: 1.5 }, 'exchange'],
    ['a body longer than any', { version: 1, type: 'answer', exchange: 1, body: 'x'.repeat(512 * 1024 + 1) }, 'body'],
    ['an empty envelope', { version: 1, type: 'access', envelope: '' }, 'envelope'],
    ["the guest's own word", { version: 1, type: 'hello', agentVersion: '1' }, 'type'],
  ])('given the host says %s / when it is read / then it is refused and the field is named', (_what, frame, field) => {
    expect(() => parseVmHostMessage(frame)).toThrow(expect.objectContaining({ code: 'message-unknown' }));
    expect(() => parseVmHostMessage(frame)).toThrow(field);
  });

  test.each([
    ['another kind of question', { version: 1, type: 'ask', exchange: 1, what: 'key', body: '{}' }, 'what'],
    ['a key with a comment', { version: 1, type: 'ready', sshHostKey: `${key} me@x`, keysVersion: 1 }, 'sshHostKey'],
    ['a key of two lines', { version: 1, type: 'ready', sshHostKey: `${key}\n`, keysVersion: 1 }, 'sshHostKey'],
    ['a stage nobody knows', { version: 1, type: 'stage', name: 'rooting', atMs: 1 }, 'name'],
    ['words without end', { version: 1, type: 'stopped', code: 'x', words: 'x'.repeat(2_000) }, 'words'],
  ])('given the guest says %s / when it is read / then it is refused and the field is named', (_what, frame, field) => {
    expect(() => parseVmGuestMessage(frame)).toThrow(field);
  });

  test('given any value / when it is read / then it is a message or a named error of bounded length', () => {
    const types = ['boot', 'answer', 'refused', 'access', 'hello', 'ask', 'stage', 'ready', 'stopped'];
    const near = fc.record(
      {
        ...{ version: fc.constantFrom(1, 2, '1'), type: fc.constantFrom(...types), exchange: fc.anything() },
        ...{ body: fc.anything(), what: fc.anything(), code: fc.anything(), name: fc.anything() },
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), near), (frame) => {
        for (const read of [parseVmHostMessage, parseVmGuestMessage]) {
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

  test('given the longest body / when it is framed / then it fits', () => {
    const answer = { version: 1, type: 'answer', exchange: 1, body: 'x'.repeat(limits.bodyCharsMax) };
    expect(encodeFrame(parseVmHostMessage(answer)).length).toBeLessThanOrEqual(limits.frameBytesMax + 4);
  });
});

/** The messages after a cut in their bytes that no message knows of. */
function overTheWire(messages: readonly unknown[], cut: number): readonly unknown[] {
  const wire = Buffer.concat(messages.map(encodeFrame));
  const decoder = new FrameDecoder();
  const at = wire.length === 0 ? 0 : cut % wire.length;
  return [...decoder.push(wire.subarray(0, at)), ...decoder.push(wire.subarray(at))];
}
