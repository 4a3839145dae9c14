import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventHash, genesisHash } from '../chain.ts';
import type { Actor, EventId, NewEvent, Position, RecordedEvent, StreamName } from '../envelope.ts';
import { createHeadSigner, readHeads } from './heads.ts';
import { createLogVerifier, type LogVerdict } from './verify-log.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const at = '2026-11-21T08:00:00.000Z';

/** A log of events in the streams named, one letter each. */
const logOf = (streams: string): readonly RecordedEvent[] => {
  const heads = new Map<string, RecordedEvent>();
  return [...streams].map((letter, index) => {
    const stream = `vm-${letter}` as StreamName;
    const before = heads.get(letter);
    const event: NewEvent = {
      ...{ type: 'VmStopped', version: 1, data: { index }, recordedAt: at, actor: 'operator:o' as Actor },
      ...{ eventId: `event-${index}` as EventId, correlationId: 'c', causationId: 'c', traceparent: null },
    };
    const revision = (before?.revision ?? -1n) + 1n;
    const prevHash = before?.hash ?? genesisHash;
    const hash = eventHash(event, stream, revision, prevHash);
    const recorded = { ...event, stream, revision, prevHash, hash, position: `s.${index + 1}` as Position };
    heads.set(letter, recorded);
    return recorded;
  });
};

/** The lines signed while a log grew, one after each of these numbers of events. */
const linesOf = (log: readonly RecordedEvent[], after: readonly number[]): readonly string[] => {
  const signer = createHeadSigner('store', privateKey, null);
  return log.flatMap((event, index) => {
    signer.take(event);
    if (!after.includes(index + 1)) return [];
    const line = signer.next(at);
    if (line === null) return [];
    signer.written(line);
    return [line];
  });
};

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

/** A log as a store would give it out after `log` was changed by hand: positions in order again. */
const verify = async (log: readonly RecordedEvent[], lines: readonly string[]): Promise<LogVerdict> => {
  const verifier = createLogVerifier('store', readHeads(each(lines), publicKey));
  for (const [index, event] of log.entries()) {
    const computed = eventHash(event, event.stream, event.revision, event.prevHash);
    if (!(await verifier.take({ ...event, computed, position: `s.${index + 1}` }))) break;
  }
  return verifier.end();
};

const faultOf = ({ fault, heads }: LogVerdict): string | null => heads?.fault?.fault ?? fault?.fault ?? null;

describe('signed heads', () => {
  const log = logOf('abacabad');

  test('given a log nobody touched, then every head is met, and what came after the last is said to be uncovered', async () => {
    expect(await verify(log, linesOf(log, [3, 6]))).toEqual({
      ...{ events: 8, streams: 4, fault: null },
      heads: { checked: 2, uncovered: 2, fault: null },
    });
  });

  test('given a tail cut off, then the streams that lack events are named, with what they had', async () => {
    const verdict = await verify(log.slice(0, 4), linesOf(log, [3, 6]));
    expect(verdict.heads?.fault).toMatchObject({
      ...{ fault: 'missing', position: 's.6', eventsThen: 6 },
      streams: [
        { stream: 'vm-a', had: 2, has: 1 },
        { stream: 'vm-b', had: 1, has: 0 },
      ],
    });
  });

  test('given a stream removed and the positions closed up, then it is named as gone', async () => {
    const verdict = await verify(
      log.filter(({ stream }) => stream !== 'vm-c'),
      linesOf(log, [3, 6]),
    );
    expect(verdict.heads?.fault).toMatchObject({ fault: 'missing', streams: [{ stream: 'vm-c', had: 0, has: null }] });
  });

  test('given two events of different streams that changed places, then the order is named', async () => {
    const [first, second, ...rest] = log;
    const swapped = [second, first, ...rest].filter((event) => event !== undefined);
    expect(faultOf(await verify(swapped, linesOf(log, [3, 6])))).toBe('order');
  });

  test('given a log rewritten from its first event on, with hashes that fit, then the first head tells', async () => {
    const other = logOf('bbacabad');
    expect(faultOf(await verify(other, linesOf(log, [3, 6])))).toBe('missing');
  });

  test('given no head yet, then nothing is covered', async () => {
    expect((await verify(log, [])).heads).toEqual({ checked: 0, uncovered: 8, fault: null });
  });

  test.each([
    [
      'a line of another key',
      (lines: readonly string[]) => lines.map((line) => line.replace('"events":3', '"events":2')),
    ],
    ['a line missing', (lines: readonly string[]) => lines.slice(1)],
    ['lines in another order', (lines: readonly string[]) => [...lines].reverse()],
    ['half a line', (lines: readonly string[]) => lines.map((line) => line.slice(0, -9))],
  ])('given %s, then the file of heads is refused by name', async (_, damage) => {
    await expect(verify(log, damage(linesOf(log, [3, 6])))).rejects.toMatchObject({ name: 'LogHeadInvalid' });
  });

  test('given a signer that begins again at its last line, then it goes on as if it had never stopped', () => {
    const [first = '', second = ''] = linesOf(log, [3, 6]);
    const head = JSON.parse(first);
    const again = createHeadSigner('store', privateKey, { line: first, head });
    for (const event of log.slice(3, 6)) again.take(event);
    expect(again.next(at)).toBe(second);
    expect(again.next(at)).toBe(second);
    again.written(second);
    expect(again.next(at)).toBeNull();
  });

  test('law: whatever is removed, moved or doubled among the covered events is seen', async () => {
    const streams = fc.stringMatching(/^[a-d]{2,12}$/);
    await fc.assert(
      fc.asyncProperty(
        streams,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('remove', 'swap', 'double'),
        async (names, i, j, how) => {
          const whole = logOf(names);
          const [from, to] = [i % whole.length, j % whole.length];
          const changed = [...whole];
          const [one, other] = [whole[from], whole[to]];
          if (one === undefined || other === undefined) return;
          if (how === 'remove') changed.splice(from, 1);
          else if (how === 'double') changed.splice(to, 0, one);
          else [changed[from], changed[to]] = [other, one];
          const isSame = changed.length === whole.length && changed.every((event, index) => event === whole[index]);
          const verdict = await verify(changed, linesOf(whole, [Math.ceil(whole.length / 2), whole.length]));
          expect(faultOf(verdict) === null).toBe(isSame);
        },
      ),
    );
  });
});
